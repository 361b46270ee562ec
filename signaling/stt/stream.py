# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One speaker's logical stream to speech-to-text, over as many connections as needed.

Frames in by `send`, events out by `events`, until `finish`. States are in `state.py`.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from websockets.asyncio.client import ClientConnection

from signaling.backoff import delays
from signaling.config import SttConfig
from signaling.errors import SttCapacityError, SttError
from signaling.stt.backlog import FRAME_S, MAX_BACKLOG_S, Backlog
from signaling.stt.connection import SttConnection
from signaling.stt.ending import Ending, comes_within
from signaling.stt.events import SttEvent
from signaling.stt.handshake import open_socket
from signaling.stt.report import StreamCounters, StreamReport
from signaling.stt.sending import AudioSource
from signaling.stt.state import StreamState
from signaling.stt.text import TextJoiner
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import Muxer, Wire

logger = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
FIRST_CAPACITY_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0

Backoff = Callable[[float], Iterator[float]]
"First pause in seconds -> pauses for ever."


def _backoff(first_s: float) -> Iterator[float]:
    return delays(first_s, 2.0, LONGEST_PAUSE_S, 0.3, random.random)


class SttStream:
    """Sends one speaker's frames and brings back words.

    `events` is bounded: a consumer that does not take them holds up reading. Audio is
    dropped, oldest first and counted, when no connection takes it for 15 s.

    `new_silence` gives the frames that make the service bring out its last words before
    a connection is renewed. PCM wires make their own; Ogg Opus needs an encoder's.
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
    ) -> None:
        self._config = config
        self._wire = wire
        self._new_muxer = new_muxer
        self._timing = timing or StreamTiming()
        self._backoff = backoff
        self._clock = clock
        self._ending = Ending()
        self._done = asyncio.Event()
        self._report = StreamReport()
        self._backlog: Backlog[Any] = Backlog()
        self._source = AudioSource(
            self._backlog, new_silence, asyncio.Event(), self._ending.wished
        )
        self._overflows = False
        self._restart_pauses()

    @property
    def events(self) -> asyncio.Queue[SttEvent]:
        """`Ready`, `Word`, `Pause`, `StreamFailed`, and `Closed` at the end."""
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
        """Frames that no connection took in time."""
        return self._backlog.dropped

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self.counters.connections - 1)

    @property
    def words(self) -> int:
        """Words that came out."""
        return self.counters.words

    @property
    def sent_s(self) -> float:
        """Seconds of audio that services have taken: what they bill."""
        return self.counters.sent_frames * FRAME_S

    def send(self, frame: Any) -> None:
        """Queue 80 ms of audio; never waits."""
        has_room = self._backlog.put(frame)
        if self._done.is_set():
            self._backlog.abandon()
        elif not has_room and not self._overflows:
            self._overflows = True
            logger.warning(
                "No connection takes audio: what is older than %.0f s is dropped",
                MAX_BACKLOG_S,
            )
        self._source.filled.set()

    async def finish(self) -> None:
        """No more audio: bring out the last words, close; bounded by about 5 s.

        Cancelling this does not stop the ending itself, which is a part of `run`.
        """
        self._ending.wish()
        self._source.filled.set()
        await comes_within(self._done, self._timing.finish_s + 0.5)

    async def run(self) -> None:
        """Hold connections until `finish` or a final refusal; ends with `Closed`."""
        try:
            async with self._ending.bounded(self._timing.finish_s):
                while await self._hold_connection():
                    self._report.enter(StreamState.CONNECTING)
        except TimeoutError:
            logger.warning("Speech-to-text did not come to its end and was cut off")
        finally:
            self._backlog.abandon()
            if self.state is not StreamState.FAILED:
                self._report.enter(StreamState.CLOSED)
            self._done.set()
        await self._report.closed()

    async def _hold_connection(self) -> bool:
        """One connection, or an attempt at one; True if another has to follow."""
        try:
            async with self._ending.bounded(self._timing.finish_connect_s):
                socket = await open_socket(self._config, self._timing)
        except TimeoutError:
            return False  # nobody waits for the words of a stream that never was
        except SttError as error:
            return await self._wait_after(error)
        failure = await self._converse(socket)
        if failure is not None:
            return await self._wait_after(failure)
        # Renewed before the service's limit, or finished, or both at once.
        return bool(self._backlog) or not self._ending.wished.is_set()

    async def _converse(self, socket: ClientConnection) -> SttError | None:
        """Use an open socket to its end; returns what broke it."""
        connection = SttConnection(
            socket,
            self._wire,
            self._new_muxer(),
            TextJoiner(self._config.text_style),
            self._report,
            self._timing,
            self._clock,
        )
        self._overflows = False
        failure = await connection.run(self._source)
        if connection.is_proved:
            self._restart_pauses()
        return failure

    async def _wait_after(self, error: SttError) -> bool:
        """Pause before the next attempt; False if there must not be one."""
        await self._report.failed(error)
        if not error.retryable:
            self._report.enter(StreamState.FAILED)
            return False
        self._report.enter(StreamState.BACKOFF)
        is_full = isinstance(error, SttCapacityError)
        pauses = self._capacity_pauses if is_full else self._pauses
        return not await comes_within(self._ending.wished, next(pauses))

    def _restart_pauses(self) -> None:
        """Only a peer that has worked is worth a quick attempt again."""
        self._pauses = self._backoff(FIRST_PAUSE_S)
        self._capacity_pauses = self._backoff(FIRST_CAPACITY_PAUSE_S)
