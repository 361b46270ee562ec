# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A call that goes on for long: people come and go, things fail, every word is counted.

Each speaker counts aloud without end. A seed decides who does what and what fails when,
so that a run can be had again.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import httpx
import psutil

from devkit import faults
from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.soak_account import Account, account
from devkit.speaker import Speaker
from devkit.surroundings import WireName
from devkit.tones import NUMBERS, spoken_words

ROOM = "soak"
NAMES = ("Ann", "Ben", "Cleo", "Dora")
FAULT_EVERY_S = 20.0
CHURN_EVERY_S = (2.0, 7.0)
SETTLE_S = 12.0
"Without faults and churn before something is measured: longer than any recovery."
FLUSH_S = 6.0
TOGGLES = 10
TOLERANCES = {
    "tasks": 4,
    "threads": (os.cpu_count() or 1) + 4,
    "files": 4,
    "udp_sockets": 0,
}
"Requests come and go, and pools of threads fill up when they like; both are bounded."


@dataclass(frozen=True, slots=True)
class Belongings:
    """What the app's process holds at one moment."""

    at_s: float
    memory_mib: float
    "Its own memory; pages of files come and go as the system likes."
    tasks: int
    threads: int
    files: int
    udp_sockets: int
    "Two and more for each peer connection."
    read: int
    "Words that have reached the reader."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak came to."""

    first: Belongings
    "In a settled call, after the warm-up."
    last: Belongings
    "In a settled call, at the end."
    account: Account
    faults: dict[str, int]

    @property
    def memory_growth_mib(self) -> float:
        """From the first measurement to the last."""
        return self.last.memory_mib - self.first.memory_mib

    def problems(self, memory_mib: float) -> list[str]:
        """What was not as it has to be; empty if all was well."""
        found = self.account.problems
        if self.memory_growth_mib > memory_mib:
            found.append(f"memory has grown by {self.memory_growth_mib:.1f} MiB")
        for name, tolerance in TOLERANCES.items():
            before, after = getattr(self.first, name), getattr(self.last, name)
            if after > before + tolerance:
                found.append(f"{after - before} more {name} than at first")
        return found


class Soak:
    """One run; `on_sample` is told twice a minute, and when something fails."""

    def __init__(
        self,
        seconds: float,
        seed: int,
        wire: WireName,
        *,
        warm_up_s: float = 180.0,
        settle_s: float = SETTLE_S,
        on_sample: Callable[[Belongings], None] = lambda sample: None,
        on_event: Callable[[str], None] = lambda what: None,
    ) -> None:
        self._seconds = seconds
        self._chance = random.Random(seed)  # noqa: S311 - a run is to be had again
        self._wire = wire
        self._warm_up_s = warm_up_s
        self._settle_s = settle_s
        self._on_sample = on_sample
        self._on_event = on_event
        self._speakers: list[Speaker] = []
        self._made: dict[str, int] = {}
        self._began_s = 0.0

    async def run(self) -> Outcome:
        """Warm up, measure, go on, settle, measure again, count."""
        async with AsyncExitStack() as stack:
            stage = await self._set_up(stack)
            self._began_s = time.monotonic()
            await self._live(stage, self._warm_up_s)
            first = await self._settled(stage)
            await self._live(stage, self._seconds - self._warm_up_s)
            last = await self._settled(stage)
            for speaker in self._speakers:
                speaker.track.muted = True
            await asyncio.sleep(FLUSH_S)
            await stage.call.app.stop()
            return Outcome(first, last, account(stage), dict(self._made))

    async def _set_up(self, stack: AsyncExitStack) -> faults.Stage:
        call = await stack.enter_async_context(
            LocalCall(NumberedEngine(), self._wire, cuttable_hpb=True)
        )
        viewer = await stack.enter_async_context(Viewer(call.nextcloud, ROOM, "Vera"))
        await viewer.enter_call()
        for voice, name in enumerate(NAMES):
            audio = spoken_words(voice, range(1, NUMBERS + 1), 48_000)
            speaker = Speaker(call.nextcloud, ROOM, name, audio, loop=True)
            await stack.enter_async_context(speaker)
            await speaker.enter_call()
            self._speakers.append(speaker)
        await viewer.press_cc()
        await call.wait_heard(len(NAMES))
        for speaker in self._speakers:
            speaker.speak()
        return faults.Stage(call, viewer, self._speakers[0])

    # --- Life and its faults ------------------------------------------------------

    async def _live(self, stage: faults.Stage, seconds: float) -> None:
        """Churn and faults side by side, and a sample twice a minute."""
        until_s = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._churn(stage, until_s))
            tasks.create_task(self._fail(stage, until_s))
            while (left_s := until_s - time.monotonic()) > 0:
                await asyncio.sleep(min(30.0, left_s))
                self._on_sample(await self._measure(stage))

    async def _churn(self, stage: faults.Stage, until_s: float) -> None:
        """One after another, people mute themselves, leave and come back."""
        habits = (self._mute, self._mute, self._mute, self._leave, self._toggle)
        while time.monotonic() < until_s:
            await asyncio.sleep(self._chance.uniform(*CHURN_EVERY_S))
            speaker = self._chance.choice(self._speakers)
            await self._chance.choice(habits)(stage, speaker)

    async def _mute(self, stage: faults.Stage, speaker: Speaker) -> None:
        speaker.track.muted = True
        await asyncio.sleep(self._chance.uniform(1.0, 8.0))
        speaker.track.muted = False

    async def _leave(self, stage: faults.Stage, speaker: Speaker) -> None:
        await speaker.unpublish()
        await speaker.leave_call()
        await asyncio.sleep(self._chance.uniform(2.0, 6.0))
        await speaker.enter_call()

    async def _toggle(self, stage: faults.Stage, speaker: Speaker) -> None:
        for press in range(TOGGLES):
            # Refused while the database is locked; the user would press again.
            with suppress(httpx.HTTPError):
                await speaker.press_cc(enable=press % 2 == 0)

    async def _fail(self, stage: faults.Stage, until_s: float) -> None:
        """A fault every so often, over before the next one begins."""
        acts = (
            faults.cut_hpb,
            faults.stall_hpb,
            faults.lose_hpb,
            faults.drop_stt,
            faults.close_stt,
            faults.fill_stt,
            faults.lose_stt,
            faults.lock_database,
        )
        while time.monotonic() + FAULT_EVERY_S < until_s:
            began_s = time.monotonic()
            act = self._chance.choice(acts)
            name = act.__name__
            self._made[name] = self._made.get(name, 0) + 1
            self._on_event(name.replace("_", " "))
            await act(stage)
            await asyncio.sleep(began_s + FAULT_EVERY_S - time.monotonic())

    # --- Measuring ----------------------------------------------------------------

    async def _settled(self, stage: faults.Stage) -> Belongings:
        """With everybody there, speaking, and nothing going wrong."""
        await asyncio.sleep(self._settle_s)
        await stage.call.wait_heard(len(NAMES))
        sample = await self._measure(stage)
        self._on_sample(sample)
        return sample

    async def _measure(self, stage: faults.Stage) -> Belongings:
        process: psutil.Process = stage.call.app.usage
        response = await stage.call.nextcloud.talk.status()
        response.raise_for_status()
        memory = process.memory_info()
        return Belongings(
            at_s=time.monotonic() - self._began_s,
            memory_mib=(memory.rss - memory.shared) / 2**20,
            tasks=response.json()["tasks"],
            threads=process.num_threads(),
            files=process.num_fds(),
            udp_sockets=len(process.net_connections("udp")),
            read=sum(len(c.text.split()) for c in stage.viewer.captions),
        )
