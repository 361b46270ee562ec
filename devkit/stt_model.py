# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The model behind the simulated services: frames in; words, pauses and markers out."""

import heapq
import threading
from collections import deque
from dataclasses import dataclass, field

from devkit.engine import (
    FRAME_S,
    FRAME_SAMPLES,
    Engine,
    RecognisedWord,
    Reframer,
    Samples,
    loudness,
)

SILENT_LEVEL = 0.004
# -48 dBFS
PAUSE_AFTER_S = (0.16, 0.32, 0.48, 0.8)
# silence at which each of the four heads is in two minds: they predict pauses of
# 0.5, 1, 2 and 3 s, so they fire well before these have passed
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one frame."""

    index: int
    # counts the steps of the whole server
    words: tuple[RecognisedWord, ...]
    # due now, in order
    pauses: tuple[float, ...]
    # probability of a pause of at least 0.5, 1, 2 and 3 s

    @property
    def in_pause(self) -> bool:
        """What the services make of it: the third head."""
        return self.pauses[2] > 0.5


@dataclass(order=True, slots=True)
class _Marker:
    due_step: int
    order: int
    channel: "Channel" = field(compare=False)
    marker_id: int = field(compare=False)


class StepClock:
    """Counts the steps of the whole server; markers fall due on it.

    moshi-server steps when any of its clients sent audio, and never otherwise.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps = 0
        self._marked = 0
        self._markers: list[_Marker] = []

    def step(self) -> int:
        """Counts a step and gives its number."""
        with self._lock:
            self._steps += 1
            return self._steps

    def mark(self, channel: "Channel", marker_id: int, after_steps: int) -> None:
        """Makes a marker fall due after so many further steps of anybody."""
        with self._lock:
            self._marked += 1
            due_step = self._steps + after_steps
            marker = _Marker(due_step, self._marked, channel, marker_id)
            heapq.heappush(self._markers, marker)

    def has_due(self) -> bool:
        """True if a marker waits to be sent."""
        with self._lock:
            return bool(self._markers) and self._markers[0].due_step <= self._steps

    def take_due(self, channel: "Channel") -> list[int]:
        """The markers of a channel that have fallen due, each once, in order."""
        with self._lock:
            due = [m for m in sorted(self._markers) if m.due_step <= self._steps]
            mine = [marker for marker in due if marker.channel is channel]
            self._forget(mine)
            return [marker.marker_id for marker in mine]

    def forget(self, channel: "Channel") -> None:
        """Drops the markers of a channel that was closed."""
        with self._lock:
            self._forget([m for m in self._markers if m.channel is channel])

    def _forget(self, markers: list[_Marker]) -> None:
        self._markers = [m for m in self._markers if m not in markers]
        heapq.heapify(self._markers)


class Channel:
    """One listener: a word comes out only some audio after it was spoken."""

    def __init__(
        self, engine: Engine, clock: StepClock, delay_s: float, keep_audio: bool = False
    ) -> None:
        self.clock = clock
        self.frames = 0
        # recognised in all
        self.kept: list[Samples] = []
        # their audio, if asked for
        self._engine = engine
        self._delay_s = delay_s
        self._keep_audio = keep_audio
        self._lost: list[RecognisedWord] = []
        self._begin()

    def reset(self) -> None:
        """A new stream: its time starts at zero, audio and words in wait are lost."""
        self._lost = self.close()
        self._begin()

    def _begin(self) -> None:
        self.queue = Reframer(FRAME_SAMPLES)
        self._recogniser = self._engine.open()
        self._held: deque[RecognisedWord] = deque()
        self._heard_s = 0.0
        self._silence_s = 0.0

    @property
    def audio_s(self) -> float:
        """Audio heard since the stream began or was reset."""
        return self._heard_s

    @property
    def delay_frames(self) -> int:
        """The model's delay in steps."""
        return int(self._delay_s / FRAME_S + _ROUNDING_S)

    def step(self, frame: Samples) -> Step:
        """Recognises 80 ms; takes as long as the engine needs."""
        self.frames += 1
        self._heard_s += FRAME_S
        if self._keep_audio:
            self.kept.append(frame)
        silent = loudness(frame) < SILENT_LEVEL
        self._silence_s = self._silence_s + FRAME_S if silent else 0.0
        self._held.extend(self._recogniser.feed(frame))
        return Step(self.clock.step(), tuple(self._due()), self._pauses())

    def mark(self, marker_id: int) -> None:
        """A marker that comes back when the audio so far has been recognised."""
        queued_frames = self.queue.waiting // FRAME_SAMPLES
        self.clock.mark(self, marker_id, self.delay_frames + queued_frames)

    def close(self) -> list[RecognisedWord]:
        """Ends the stream; all words that never came out, earlier streams' too."""
        self.clock.forget(self)
        return [*self._lost, *self._held, *self._recogniser.finish()]

    def _due(self) -> list[RecognisedWord]:
        due = []
        limit_s = self._heard_s - self.delay_frames * FRAME_S + _ROUNDING_S
        while self._held and self._held[0].end_s <= limit_s:
            due.append(self._held.popleft())
        return due

    def _pauses(self) -> tuple[float, ...]:
        return tuple(
            self._silence_s / (self._silence_s + after_s) for after_s in PAUSE_AFTER_S
        )
