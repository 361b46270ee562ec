# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What all connections of one stream share."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from signaling.config import SttConfig
from signaling.stt.backlog import Backlog
from signaling.stt.ending import Ending
from signaling.stt.timing import StreamTiming
from signaling.stt.watchdog import Watchdogs
from signaling.stt.wire import Muxer, Wire


@dataclass(frozen=True, slots=True)
class Audio:
    """80 ms of audio in wait."""

    frame: Any
    "As the muxer wants it."
    is_speech: bool
    came_s: float
    "When it was handed over, by the stream's clock."


def is_speech(audio: Audio) -> bool:
    """Whether somebody is heard in it."""
    return audio.is_speech


@dataclass(frozen=True, slots=True)
class StreamParts:
    """Configuration, audio and watchdogs of a stream; outlives its connections."""

    config: SttConfig
    wire: Wire
    new_muxer: Callable[[], Muxer]
    new_silence: Callable[[], Iterable[Any]] | None
    "Frames that bring out the last words; needed where the wire cannot make them."
    timing: StreamTiming
    clock: Callable[[], float]
    "Monotonic seconds."
    random: Callable[[], float]
    "Numbers from 0 to 1."
    backlog: Backlog[Audio]
    filled: asyncio.Event
    "Set when whoever sends has to look again: a frame, an heir, the end."
    watchdogs: Watchdogs
    ending: Ending

    @property
    def is_finishing(self) -> bool:
        """No more audio will come."""
        return self.ending.wished.is_set()
