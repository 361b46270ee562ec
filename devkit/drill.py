# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Faults in the middle of a call, against real sockets, and what came of each.

Somebody counts: a word of tones every 0.3 s. Words are bound to their sound, so that
each one lost, and each one repeated, is a number.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from devkit.faults import Fault, Stage
from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Audio, Speaker
from devkit.surroundings import WireName
from devkit.tones import spoken_words

ROOM = "drill"
WORDS = 400
BEFORE_CAPTIONS = 3
AFTER_CAPTIONS = 5
RECOVERY_S = 40.0
TAIL_S = 4.0
SENTENCE = 8
"Words between two pauses, for faults that need some."
PAUSE_S = 0.6
NUMBERED = re.compile(r"w(\d+)")
PROBLEM = re.compile(
    r"^\S+ \S+ (?:WARNING|ERROR) +\S+ (?:\[\S+\] )?(.+)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault did to the captions."""

    fault: Fault
    gap_s: float
    lost: int
    repeated: int
    captions_after: int
    operator_sees: str
    "The first line of the log that tells of it."

    @property
    def problems(self) -> list[str]:
        """What was not as it has to be; empty if all was well."""
        found = []
        if self.captions_after < AFTER_CAPTIONS:
            found.append("captions did not come back")
        if self.gap_s > self.fault.gap_s:
            found.append(f"{self.gap_s:.1f} s without captions")
        if self.lost > self.fault.lost:
            found.append(f"{self.lost} words lost")
        if self.repeated:
            found.append(f"{self.repeated} words repeated")
        if self.fault.expects and not self.operator_sees:
            found.append(f"the log does not say {self.fault.expects!r}")
        return found


async def run(fault: Fault, wire: WireName = "modal-pcm") -> Outcome:
    """Caption a call, make the fault, look at what came of it."""
    async with _stage(fault, wire) as stage:
        viewer = stage.viewer
        await viewer.wait_for_captions(BEFORE_CAPTIONS)
        log_before = len(stage.call.log)
        began_s = time.monotonic()
        await fault.act(stage)
        acted = len(viewer.captions)
        with suppress(TimeoutError):  # the outcome says so
            await viewer.wait_for_captions(acted + AFTER_CAPTIONS, RECOVERY_S)
        stage.speaker.track.muted = True
        ended_s = time.monotonic()
        await asyncio.sleep(TAIL_S)
        lost, repeated = _lost_and_repeated(viewer)
        return Outcome(
            fault,
            gap_s=_longest_gap_s(viewer, began_s, ended_s),
            lost=lost,
            repeated=repeated,
            captions_after=len(viewer.captions) - acted,
            operator_sees=_first_line(stage.call.log[log_before:], fault.expects),
        )


@asynccontextmanager
async def _stage(fault: Fault, wire: WireName) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        call = await stack.enter_async_context(
            LocalCall(
                NumberedEngine(),
                wire,
                environment=fault.environment,
                split_worker=fault.split_worker,
                cuttable_hpb=True,
            )
        )
        viewer = await stack.enter_async_context(Viewer(call.nextcloud, ROOM, "Vera"))
        speaker = Speaker(call.nextcloud, ROOM, "Ann", _speech(fault))
        await stack.enter_async_context(speaker)
        await viewer.enter_call()
        await speaker.enter_call()
        await viewer.press_cc()
        await call.wait_heard(1)
        speaker.speak()
        yield Stage(call, viewer, speaker)


def _speech(fault: Fault) -> Audio:
    """Words without end, with or without pauses between sentences."""
    numbers = range(1, WORDS)
    if not fault.pauses:
        return spoken_words(0, numbers, 48_000)
    pause = np.zeros(round(PAUSE_S * 48_000), dtype=np.float32)
    sentences = [
        spoken_words(0, numbers[start : start + SENTENCE], 48_000)
        for start in range(0, WORDS - 1, SENTENCE)
    ]
    return np.concatenate([part for s in sentences for part in (s, pause)])


def _numbers(viewer: Viewer) -> list[int]:
    """Numbers of the words; what a server made up in its confusion is not among them."""
    words = [word for caption in viewer.captions for word in caption.text.split()]
    return [int(match[1]) for word in words if (match := NUMBERED.fullmatch(word))]


def _lost_and_repeated(viewer: Viewer) -> tuple[int, int]:
    """Numbers missing up to the last one, and numbers that came more than once."""
    counts = Counter(_numbers(viewer))
    last = max(counts, default=0)
    lost = sum(1 for number in range(1, last) if not counts[number])
    return lost, sum(count - 1 for count in counts.values())


def _longest_gap_s(viewer: Viewer, began_s: float, ended_s: float) -> float:
    """Longest time between two captions since the fault, or up to the end."""
    times = [caption.received_s for caption in viewer.captions]
    inside = [t for t in times if began_s <= t <= ended_s]
    before = [t for t in times if t < began_s][-1:]
    marks = [*before, *inside, *([] if inside else [ended_s])]
    return max((later - earlier for earlier, later in pairwise(marks)), default=0.0)


def _first_line(log: str, expected: str) -> str:
    """The first warning that says what is expected, or the first at all."""
    lines = PROBLEM.findall(log)
    if expected:
        lines = [line for line in log.splitlines() if expected in line][:1]
        return PROBLEM.sub(r"\1", lines[0]) if lines else ""
    return lines[0] if lines else ""
