# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What came of a call: words lost and repeated, delay from speech to caption. Pure."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SILENCE = 0.02
"Amplitude below which nothing is heard; full scale is 1."

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and when its last sound left the speaker's device."""

    text: str
    spoken_s: float
    "Monotonic seconds."


@dataclass(frozen=True, slots=True)
class ReadWord:
    """A word and when its caption reached a reader."""

    text: str
    read_s: float
    "Monotonic seconds."


@dataclass(slots=True)
class SpeakerResult:
    """What one reader got of one speaker."""

    name: str
    sent: int = 0
    "Words the speech-to-text server sent."
    read: int = 0
    "Words that arrived in captions."
    lost: int = 0
    repeated: int = 0
    delays_s: list[float] = field(default_factory=list)
    "Seconds from the end of a word as it was spoken to its caption."


def bare(word: str) -> str:
    """A word without punctuation and capitals, for comparison."""
    return re.sub(r"[^\w]", "", word).casefold()


def lost_and_repeated(sent: Sequence[str], read: Sequence[str]) -> tuple[int, int]:
    """How many of the words sent never arrived, and how many arrived unasked."""
    matcher = difflib.SequenceMatcher(None, sent, read, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    return len(sent) - same, len(read) - same


def delays(spoken: Sequence[SpokenWord], read: Sequence[ReadWord]) -> list[float]:
    """Delay of every caption word that can be found among the words spoken."""
    matcher = difflib.SequenceMatcher(
        None,
        [word.text for word in spoken],
        [word.text for word in read],
        autojunk=False,
    )
    return [
        read[block.b + i].read_s - spoken[block.a + i].spoken_s
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    ]


def first_sound_s(samples: Samples, rate_hz: int) -> float:
    """Where a recording begins to be heard, in seconds; its end if it never does."""
    heard = np.flatnonzero(np.abs(samples) > SILENCE)
    return float(heard[0] if heard.size else samples.size) / rate_hz


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of the values lie; None without any."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
