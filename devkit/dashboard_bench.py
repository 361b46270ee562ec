# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What viewers of the dashboard cost the process that captions a call."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psutil
import websockets

from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import VOICES, spoken_words

ROOM = "benchroom"
WORDS = 140
ANSWER_EVERY = 5
SETTLE_S = 4.0
HEARD_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class ViewersCost:
    """Share of one core, 1 is all of it; one number per round."""

    without: list[float]
    watched: list[float]
    updates: int
    "Updates that reached viewers."
    update_bytes: int
    "Length of the last of them."

    @property
    def difference(self) -> float:
        """Median of what each round with viewers took more than the one before it."""
        pairs = zip(self.watched, self.without, strict=True)
        return statistics.median(a - b for a, b in pairs)


class Watchers:
    """Browsers, as far as the server can tell."""

    def __init__(self) -> None:
        self.updates = 0
        self.update_bytes = 0

    @asynccontextmanager
    async def watching(self, call: LocalCall, count: int) -> AsyncIterator[None]:
        """So many of them look on."""
        async with asyncio.TaskGroup() as tasks:
            looking = [tasks.create_task(self._look(call)) for _ in range(count)]
            yield
            for one in looking:
                one.cancel()

    async def _look(self, call: LocalCall) -> None:
        url = call.app.url.replace("http", "ws", 1)
        async with websockets.connect(
            f"{url}/ws/dashboard",
            additional_headers=call.nextcloud.credentials.headers("admin"),
            origin=websockets.Origin(call.app.url),
            compression=None,
        ) as socket:
            async for text in socket:
                self.updates += 1
                self.update_bytes = len(text)
                number = json.loads(text)["number"]
                if number % ANSWER_EVERY == 0:
                    await socket.send(str(number))


async def measure(
    speakers: int,
    viewers: int,
    rounds: int,
    round_s: float,
    on_step: Callable[[str], None],
) -> ViewersCost:
    """Turn about: a round without viewers, a round with them; speakers never stop."""
    watchers = Watchers()
    without, watched = [], []
    async with AsyncExitStack() as stack:
        call = await stack.enter_async_context(
            LocalCall(
                NumberedEngine(),
                "modal-pcm",
                simulate_hpb=True,
                environment={"LOG_LEVEL": "warning"},
            )
        )
        await _start_talking(stack, call, speakers)
        process = call.app.usage
        for number in range(rounds):
            on_step(f"round {number + 1} of {rounds}")
            without.append(await _share(process, round_s))
            async with watchers.watching(call, viewers):
                await asyncio.sleep(SETTLE_S)
                watched.append(await _share(process, round_s))
            await asyncio.sleep(SETTLE_S)
    return ViewersCost(without, watched, watchers.updates, watchers.update_bytes)


async def _start_talking(stack: AsyncExitStack, call: LocalCall, speakers: int) -> None:
    viewer = Viewer(call.nextcloud, ROOM, "Vera")
    await stack.enter_async_context(viewer)
    await viewer.enter_call()
    people = []
    for number in range(speakers):
        audio = spoken_words(number % VOICES, range(1, WORDS), 48_000)
        name = f"Speaker {number}"
        speaker = Speaker(call.nextcloud, ROOM, name, audio, loop=True)
        await stack.enter_async_context(speaker)
        await speaker.enter_call()
        people.append(speaker)
    await viewer.press_cc()
    await call.wait_heard(speakers, HEARD_TIMEOUT_S)
    for speaker in people:
        speaker.speak()


async def _share(process: psutil.Process, seconds: float) -> float:
    """Share of a core that a process takes."""
    before, started_s = _cpu_s(process), time.monotonic()
    await asyncio.sleep(seconds)
    return (_cpu_s(process) - before) / (time.monotonic() - started_s)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
