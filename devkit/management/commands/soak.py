# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py soak`: a long call with faults; memory, tasks, sockets and words over time."""

import argparse
import asyncio
import json
import logging
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console

from devkit.soak import Belongings, Outcome, Soak
from devkit.surroundings import WIRES

WARM_UP_S = 180.0
MEMORY_MIB = 5.0
"What the process may grow by after the warm-up."


class Command(BaseCommand):
    """Exit code 0 only if nothing has grown and every word is accounted for."""

    requires_system_checks = ()
    help = (
        "Caption a call in which speakers come, go and mute themselves, with a fault "
        "every 20 seconds. Ends with what the app held at first and at last, and with "
        "the way of every word."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How long, which chances, over which wire, for whom."""
        parser.add_argument("--minutes", type=float, default=30.0)
        parser.add_argument("--seed", type=int, default=1, help="repeats a run")
        parser.add_argument("--wire", choices=WIRES, default=WIRES[0])
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it to its end."""
        logging.disable(logging.WARNING)
        seconds = options["minutes"] * 60
        if seconds <= 0:
            raise SystemExit("--minutes must be above 0")
        console = Console(highlight=False, stderr=options["json"])
        console.print(_HEADER, style="bold")
        soak = Soak(
            seconds,
            options["seed"],
            options["wire"],
            warm_up_s=min(WARM_UP_S, seconds / 3),
            on_sample=lambda sample: console.print(_line(sample)),
            on_event=lambda what: console.print(f"[dim]       {what}[/dim]"),
        )
        outcome = asyncio.run(soak.run())
        problems = outcome.problems(MEMORY_MIB)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(outcome) | {"problems": problems}))
        else:
            _print(console, outcome, problems)
        raise SystemExit(int(bool(problems)))


_HEADER = " time  memory  tasks  threads  files  udp   words read"


def _line(sample: Belongings) -> str:
    minutes, seconds = divmod(round(sample.at_s), 60)
    return (
        f"{minutes:2d}:{seconds:02d}  {sample.memory_mib:6.1f}  {sample.tasks:5d}"
        f"  {sample.threads:7d}  {sample.files:5d}  {sample.udp_sockets:3d}"
        f"  {sample.read:11d}"
    )


def _print(console: Console, outcome: Outcome, problems: list[str]) -> None:
    words = outcome.account
    made = ", ".join(f"{n} x {name}" for name, n in sorted(outcome.faults.items()))
    console.print(f"\nFaults: {made.replace('_', ' ') or 'none'}")
    console.print(f"Memory has grown by {outcome.memory_growth_mib:+.1f} MiB")
    console.print(
        f"Words: {words.sent} sent by speech-to-text, {words.in_flight} of them into "
        f"connections that had been cut; {words.received} received, {words.dropped} too "
        f"old for the reader, {words.unread} without a reader, {words.read} read, "
        f"{words.repeated} repeated, {words.unaccounted} not accounted for"
    )
    console.print(
        f"{words.stt_s:.0f} s of streams for {words.speech_s:.0f} s of speech; "
        f"{words.dropped_frames * 0.08:.1f} s of speech reached no stream"
    )
    for problem in problems:
        console.print(f"[red]{problem}[/red]")
