# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The spoken sample: what it says and when, and how much of it was understood. Pure.

`sample.opus`: the first line of "A Tale of Two Cities", from the recordings that come
with moonshine-voice.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median

FILE = Path(__file__).with_name("sample.opus")
SENTENCE = "it was the best of times it was the worst of times"
WORDS = tuple(SENTENCE.split())
ENDS_S = (0.25, 0.4, 0.6, 0.8, 1.2, 1.75, 1.9, 2.0, 2.3, 2.65, 2.75, 3.1)
"When each word has been said."


@dataclass(frozen=True, slots=True)
class Heard:
    """One word as it came back."""

    text: str
    at_s: float
    "Seconds since the sample began to be sent."


@dataclass(frozen=True, slots=True)
class Understanding:
    """How much of the sample was understood, and how quickly."""

    right: int
    "Words of the sample that came back in their order."
    delay_s: float
    "From a word's end to its coming back; the median of the right ones."

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.right / len(WORDS)


def understood(heard: Sequence[Heard]) -> Understanding:
    """Compare what came back with what was said."""
    texts = [word.text.strip(string.punctuation + " ").lower() for word in heard]
    matcher = SequenceMatcher(None, WORDS, texts, autojunk=False)
    delays_s = [
        heard[block.b + i].at_s - ENDS_S[block.a + i]
        for block in matcher.get_matching_blocks()
        for i in range(block.size)
    ]
    return Understanding(len(delays_s), median(delays_s) if delays_s else 0.0)
