# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py bench`: answers to Talk, viewers of the live page, lists of many calls."""

import argparse
import asyncio
import logging
import time
from contextlib import AsyncExitStack
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from devkit import admin_bench, dashboard_bench
from devkit.measure import percentile
from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import spoken_words

ROOM = "benchroom"
WORDS = 140
STREAMS_TIMEOUT_S = 20.0
MAX_LIST_MS = 200


class Command(BaseCommand):
    """Measures; nothing here is ever asserted, machines differ."""

    # The app that is started is configured here; this process needs no settings.
    requires_system_checks = ()
    help = (
        "`requests`: time CC presses (`POST transcribe`) while several speakers are "
        "captioned. `dashboard`: what viewers of the live page cost the app. `admin`: "
        "how long the operators' lists take with very many past calls."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What, how busy, how often."""
        parser.add_argument(
            "part",
            nargs="?",
            choices=("requests", "dashboard", "admin"),
            default="requests",
        )
        parser.add_argument("--speakers", type=int, help="4 or, for dashboard, 16")
        parser.add_argument("--requests", type=int, help="300, or 10 of each list")
        parser.add_argument("--calls", type=int, default=100_000, help="past ones")
        parser.add_argument(
            "--database", choices=("sqlite", "postgresql"), default="sqlite"
        )
        parser.add_argument("--viewers", type=int, default=50)
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--seconds", type=float, default=15.0, help="of a round")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the measurement and print a table."""
        logging.disable(logging.INFO)
        speakers = options["speakers"]
        if options["part"] == "dashboard":
            asyncio.run(_measure_dashboard(speakers or 16, options))
        elif options["part"] == "admin":
            _measure_lists(options)
        else:
            asyncio.run(_measure(speakers or 4, options["requests"] or 300))


async def _measure_dashboard(speakers: int, options: dict[str, Any]) -> None:
    console, viewers = Console(), options["viewers"]
    cost = await dashboard_bench.measure(
        speakers, viewers, options["rounds"], options["seconds"], console.print
    )
    table = Table(title=f"{speakers} speakers, {viewers} viewers; % of a core")
    for name in ("Round", "Nobody looks", "All look", "Difference"):
        table.add_column(name, justify="right")
    pairs = zip(cost.without, cost.watched, strict=True)
    for number, (without, watched) in enumerate(pairs, 1):
        shares = (without, watched, watched - without)
        table.add_row(str(number), *(f"{share * 100:.2f}" for share in shares))
    table.add_row("median", "", "", f"{cost.difference * 100:.2f}", style="bold")
    console.print(table)
    console.print(f"{cost.updates} updates, the last of {cost.update_bytes} characters")


def _measure_lists(options: dict[str, Any]) -> None:
    console, kind = Console(), options["database"]
    with admin_bench.database(kind), Progress(transient=True) as progress:
        filling = progress.add_task("Past calls", total=options["calls"])
        admin_bench.fill(
            options["calls"], lambda count: progress.advance(filling, count)
        )
        lists = progress.add_task("", total=len(admin_bench.LISTS) + 3)

        def on_list(name: str) -> None:
            progress.update(lists, description=name, advance=1)

        timings = admin_bench.measure(options["requests"] or 10, on_list)
    table = Table(title=f"{options['calls']:,} past calls, {kind}; ms of one request")
    for heading in ("Page", "Median", "Worst"):
        table.add_column(heading, justify="left" if heading == "Page" else "right")
    for one in timings:
        style = "red" if one.worst_ms > MAX_LIST_MS else None
        figures = f"{one.median_ms:.0f}", f"{one.worst_ms:.0f}"
        table.add_row(one.name, *figures, style=style)
    console.print(table)


async def _measure(speakers: int, requests: int) -> None:
    async with AsyncExitStack() as stack:
        call = await stack.enter_async_context(
            LocalCall(
                NumberedEngine(), "modal-pcm", environment={"LOG_LEVEL": "warning"}
            )
        )
        viewer = Viewer(call.nextcloud, ROOM, "Vera")
        await stack.enter_async_context(viewer)
        await viewer.enter_call()
        for number in range(speakers):
            audio = spoken_words(number, range(1, WORDS), 48_000)
            speaker = Speaker(call.nextcloud, ROOM, f"Speaker {number}", audio)
            await stack.enter_async_context(speaker)
            await speaker.enter_call()
            speaker.speak()
        started_s = time.monotonic()
        await viewer.press_cc()
        await call.stt.wait_until(lambda: bool(call.stt.records), STREAMS_TIMEOUT_S)
        first_audio_s = time.monotonic() - started_s
        await call.stt.wait_until(
            lambda: len(call.stt.records) >= speakers, STREAMS_TIMEOUT_S
        )
        took_s = [await _press(call, number) for number in range(requests)]
        _print(call, speakers, took_s, first_audio_s)


async def _press(call: LocalCall, number: int) -> float:
    """One CC press of a participant of another room; seconds it took."""
    room_token = f"other{number % 10}"
    began_s = time.monotonic()
    response = await call.nextcloud.talk.transcribe(
        room_token, f"session{number}", enable=number % 2 == 0
    )
    response.raise_for_status()
    return time.monotonic() - began_s


def _print(
    call: LocalCall, speakers: int, took_s: list[float], first_audio_s: float
) -> None:
    table = Table(title=f"{speakers} speakers captioned, HPB: {call.hpb.description}")
    table.add_column("What")
    table.add_column("p50", justify="right")
    table.add_column("p95", justify="right")
    p50, p95 = (percentile(took_s, share) or 0.0 for share in (0.5, 0.95))
    table.add_row(
        f"POST transcribe, {len(took_s)} requests, client included",
        f"{p50 * 1000:.1f} ms",
        f"{p95 * 1000:.1f} ms",
    )
    table.add_row("CC to first audio at speech-to-text", f"{first_audio_s:.2f} s", "")
    Console().print(table)
