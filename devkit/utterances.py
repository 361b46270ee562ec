# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Finds utterances in speech by loudness alone, so that equal audio gives equal cuts."""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from devkit.engine import FRAME_S, Samples, loudness

PRE_ROLL_FRAMES = 4
START_FRAMES = 2
# loud frames of the last three that begin an utterance
MINIMUM_SPEECH_FRAMES = 3
# shorter than this is a cough, not a word

FLOOR_START = 0.002
FLOOR_RISE = 1.01
# per frame; the floor falls at once and rises slowly
OVER_FLOOR = 3.0
LOUD_MINIMUM = 0.004


class Cue(Enum):
    """What a frame means for the utterance."""

    SILENCE = auto()
    GOES_ON = auto()
    LOOK = auto()
    # enough new speech for another hypothesis
    ENDS = auto()
    DROPPED = auto()
    # too short to be speech


@dataclass(frozen=True, slots=True)
class Tempo:
    """When to look and when to stop, by the length of the utterance so far."""

    first_s: float = 0.64
    # of less audio the model makes something else every time
    update_s: float = 0.32
    update_growth: float = 0.08
    # seconds more between looks for each second of the utterance

    def look_after_s(self, length_s: float) -> float:
        """Audio between two hypotheses; long utterances cost more to look at."""
        return max(self.update_s, self.update_growth * length_s)

    def pause_frames(self, length_s: float) -> int:
        """Silent frames that end an utterance: the longer it is, the fewer."""
        if length_s < 6.0:
            return 5
        if length_s < 10.0:
            return 3
        return 1 if length_s < 14.0 else 0


class UtteranceSplitter:
    """Takes 80 ms frames; holds the frames of the utterance that is going on.

    Decides by the audio alone, never by a clock.
    """

    def __init__(self, tempo: Tempo | None = None) -> None:
        self._tempo = tempo or Tempo()
        self._floor = FLOOR_START
        self._before: deque[tuple[bool, int]] = deque(maxlen=PRE_ROLL_FRAMES)
        self._position = 0
        self._speaking = False
        self._loud_frames = 0
        self._silent_run = 0
        self._since_look = 0
        self.start_frame = 0
        # index of the first frame of the utterance in the stream
        self.frames = 0
        # length of the utterance so far

    @property
    def speech_end_frame(self) -> int:
        """Index behind the last loud frame of the utterance."""
        return self.start_frame + self.frames - self._silent_run

    def push(self, frame: Samples) -> Cue:
        """What the next 80 ms mean."""
        loud = self._is_loud(frame)
        self._position += 1
        if not self._speaking:
            return self._listen(loud)
        self.frames += 1
        self._since_look += 1
        self._loud_frames += loud
        self._silent_run = 0 if loud else self._silent_run + 1
        return self._judge()

    def end(self) -> Cue:
        """The audio is over: what becomes of an utterance that is going on."""
        if not self._speaking:
            return Cue.SILENCE
        self._speaking = False
        self._before.clear()
        enough = self._loud_frames >= MINIMUM_SPEECH_FRAMES
        return Cue.ENDS if enough else Cue.DROPPED

    def _listen(self, loud: bool) -> Cue:
        self._before.append((loud, self._position - 1))
        recent = [was_loud for was_loud, _ in self._before][-3:]
        if sum(recent) < START_FRAMES:
            return Cue.SILENCE
        self._speaking = True
        self.start_frame = self._before[0][1]
        self.frames = self._since_look = len(self._before)
        self._loud_frames = sum(recent)
        self._silent_run = 0
        return Cue.GOES_ON

    def _judge(self) -> Cue:
        length_s = self.frames * FRAME_S
        if self._silent_run >= self._tempo.pause_frames(length_s):
            return self.end()
        due_s = self._tempo.look_after_s(length_s)
        is_due = self._since_look * FRAME_S >= due_s and length_s >= self._tempo.first_s
        if self._silent_run or not is_due:
            return Cue.GOES_ON
        self._since_look = 0
        return Cue.LOOK

    def _is_loud(self, frame: Samples) -> bool:
        level = loudness(frame)
        self._floor = min(max(level, FLOOR_START / 4), self._floor * FLOOR_RISE)
        return level > max(LOUD_MINIMUM, self._floor * OVER_FLOOR)
