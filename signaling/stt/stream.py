# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One speaker's logical stream to speech-to-text, over as many connections as needed.

Frames in by `send`, events out by `events`, until `finish`. States are in `state.py`.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from signaling.backoff import delays
from signaling.config import SttConfig
from signaling.stt.backlog import FRAME_S, MAX_BACKLOG_S, Backlog
from signaling.stt.ending import Ending, comes_within
from signaling.stt.events import SttEvent
from signaling.stt.floor import News
from signaling.stt.parts import Audio, StreamParts
from signaling.stt.reasons import Drop
from signaling.stt.relay import LONGEST_PAUSE_S, Backoff, Relay
from signaling.stt.report import StreamCounters, StreamReport
from signaling.stt.state import StreamState
from signaling.stt.timing import StreamTiming
from signaling.stt.watchdog import Watchdogs
from signaling.stt.wire import Muxer, Wire

logger = logging.getLogger(__name__)


def _backoff(first_s: float) -> Iterator[float]:
    return delays(first_s, 2.0, LONGEST_PAUSE_S, 0.3, random.random)


class SttStream:
    """Sends one speaker's frames and brings back words.

    `events` is bounded: a consumer that does not take them holds up reading. Audio is
    dropped, oldest first and counted, when no connection takes it for 15 s.

    `new_silence` gives the frames that make the service bring out its last words when
    a connection is renewed. PCM wires make their own; Ogg Opus needs an encoder's.
    `spread` gives numbers from 0 to 1 that keep streams from being renewed together.
    """

    def __init__(
        self,
        config: SttConfig,
        wire: Wire,
        new_muxer: Callable[[], Muxer],
        *,
        new_silence: Callable[[], Iterable[Any]] | None = None,
        timing: StreamTiming | None = None,
        backoff: Backoff = _backoff,
        clock: Callable[[], float] = time.monotonic,
        spread: Callable[[], float] = random.random,
    ) -> None:
        timing = timing or StreamTiming()
        self._parts = StreamParts(
            config=config,
            wire=wire,
            new_muxer=new_muxer,
            new_silence=new_silence,
            timing=timing,
            clock=clock,
            random=spread,
            backlog=Backlog(),
            filled=asyncio.Event(),
            watchdogs=Watchdogs(timing),
            ending=Ending(),
        )
        self._news = News()
        self._done = asyncio.Event()
        self._report = StreamReport()
        self._relay = Relay(self._parts, self._report, backoff, self._news)
        self._has_overflown = False

    @property
    def events(self) -> asyncio.Queue[SttEvent]:
        """`Ready`, `Word`, `Pause`, `StreamFailed`, `Renewed`; `Closed` at the end."""
        return self._report.events

    @property
    def state(self) -> StreamState:
        """Where the stream stands."""
        return self._report.state

    @property
    def counters(self) -> StreamCounters:
        """What happened so far."""
        return self._report.counters

    @property
    def last_failure(self) -> str:
        """The latest failure, for the operator; empty if there was none."""
        return self._report.last_failure

    @property
    def dropped_frames(self) -> int:
        """Frames that no connection took in time, for whatever reason."""
        return self._parts.backlog.dropped

    @property
    def drops(self) -> Counter[Drop]:
        """The same by reason."""
        return self._parts.backlog.drops

    @property
    def reconnects(self) -> int:
        """Connections after the first, whether one broke or was renewed in time."""
        return max(0, self.counters.connections - 1)

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that no connection has taken yet."""
        return len(self._parts.backlog) * FRAME_S

    @property
    def words(self) -> int:
        """Words that came out."""
        return self.counters.words

    @property
    def sent_s(self) -> float:
        """Seconds of audio that services have taken: what they bill."""
        return self.counters.sent_frames * FRAME_S

    def send(self, frame: Any, *, is_speech: bool = True) -> None:
        """Queue 80 ms of audio; never waits.

        `is_speech` is false for silence, whoever made it: connections are handed over
        in it, and a service owes no words for it.
        """
        parts = self._parts
        parts.watchdogs.stall.put(parts.clock())
        has_room = parts.backlog.put(Audio(frame, is_speech, parts.clock()))
        if self._done.is_set():
            parts.backlog.abandon()
        elif has_room:
            # Caught up: the next time is another story.
            self._has_overflown = self._has_overflown and len(parts.backlog) > 1
        elif not self._has_overflown:
            self._has_overflown = True
            logger.warning(
                "No connection takes audio: what is older than %.0f s is dropped",
                MAX_BACKLOG_S,
            )
        parts.filled.set()

    async def finish(self) -> None:
        """No more audio: bring out the last words, close; bounded by about 5 s.

        Cancelling this does not stop the ending itself, which is a part of `run`.
        """
        self._parts.ending.wish()
        self._parts.filled.set()
        self._news.tell()
        await comes_within(self._done, self._parts.timing.finish_s + 0.5)

    async def run(self) -> None:
        """Hold connections until `finish` or a final refusal; ends with `Closed`."""
        parts = self._parts
        try:
            async with parts.ending.bounded(parts.timing.finish_s):
                await self._relay.run()
        except TimeoutError:
            logger.warning("Speech-to-text did not come to its end and was cut off")
        finally:
            parts.backlog.abandon()
            if self.state is not StreamState.FAILED:
                self._report.enter(StreamState.CLOSED)
            self._done.set()
        await self._report.closed()
