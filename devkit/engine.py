# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What stands behind the simulated speech-to-text server: the interface of an engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_HZ = 24_000
FRAME_SAMPLES = 1_920
FRAME_S = FRAME_SAMPLES / SAMPLE_HZ

Samples = NDArray[np.float32]
"""Mono audio at 24 kHz, full scale is 1.0."""


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A word with its place in the audio; it is never revised."""

    text: str
    start_s: float
    # seconds of audio since the recogniser was opened
    end_s: float
    # may lie ahead of the audio heard so far, if the engine knows the word early


class Recogniser(Protocol):
    """Listens to one stream of audio."""

    def feed(self, samples: Samples) -> list[RecognisedWord]:
        """Words that became certain with this audio, in order; blocks of any size."""
        ...

    def finish(self) -> list[RecognisedWord]:
        """No more audio: the words that were still uncertain."""
        ...


class Engine(Protocol):
    """Opens recognisers that work independently of each other."""

    @property
    def blocking(self) -> bool:
        """True if feeding takes long enough to need a thread."""
        ...

    def open(self) -> Recogniser:
        """A recogniser at the start of a new stream."""
        ...


class Reframer:
    """Cuts audio of any block size into pieces of one size, keeping the rest."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest: Samples = np.zeros(0, dtype=np.float32)

    @property
    def waiting(self) -> int:
        """Samples that do not fill a piece yet."""
        return len(self._rest)

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Full pieces, taken out one by one as the caller asks for them."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= self._size:
            piece, self._rest = self._rest[: self._size], self._rest[self._size :]
            yield piece

    def rest(self) -> Samples:
        """What is left, shorter than a piece; nothing is left afterwards."""
        rest, self._rest = self._rest, self._rest[:0]
        return rest


def loudness(samples: Samples) -> float:
    """Root mean square of a block, 1.0 at full scale; 0.0 for an empty one."""
    if not len(samples):
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
