# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What a stream tells its user: state, events, counters."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field

from signaling.errors import SttError
from signaling.stt.events import (
    Closed,
    Pause,
    Ready,
    Renewed,
    StreamFailed,
    SttEvent,
    Word,
)
from signaling.stt.reasons import Failure, Renewal
from signaling.stt.state import StreamState, follow

logger = logging.getLogger(__name__)

MAX_EVENTS = 1000
MAX_TOLD = 8
"Different reasons in one outage; a peer may put anything into its own."


@dataclass(slots=True)
class StreamCounters:
    """What happened so far; all of them only grow."""

    words: int = 0
    sent_frames: int = 0
    connections: int = 0
    garbage: int = 0
    "Messages that were not of the wire."
    replayed_frames: int = 0
    "Sent again, because the connection broke or froze before a word came for them."
    unanswered_frames: int = 0
    "Speech behind the last word of connections that were given up: perhaps lost."
    renewals: Counter[Renewal] = field(default_factory=Counter)
    failures: Counter[Failure] = field(default_factory=Counter)
    "Attempts and connections; those that were made in advance included."

    @property
    def capacity_closes(self) -> int:
        """How often a service had no free channel."""
        return self.failures[Failure.CAPACITY]


class StreamReport:
    """Tells of failures and recoveries in turn: `Ready`, `StreamFailed`, `Ready`, ...

    An opened socket is no recovery: a service without a free channel accepts as well.
    After a failure it takes a word, or a connection that has lasted.
    """

    def __init__(self) -> None:
        self.events: asyncio.Queue[SttEvent] = asyncio.Queue(MAX_EVENTS)
        self.counters = StreamCounters()
        self.state = StreamState.CONNECTING
        self.last_failure = ""
        self._has_failed = False
        self._told: set[str] = set()
        "Reasons that were told since it worked last."
        self._is_ready = False

    def enter(self, state: StreamState) -> None:
        """The only place where the state changes."""
        logger.debug("Speech-to-text: %s -> %s", self.state.value, state.value)
        self.state = follow(self.state, state)

    def opened(self) -> None:
        """A server would take audio."""
        self.counters.connections += 1

    async def taking(self) -> None:
        """Audio goes to a connection from now on, perhaps to another than before."""
        if self.state is not StreamState.OPEN:
            self.enter(StreamState.OPEN)
        if not self._has_failed:
            await self._ready()

    async def renewed(self, reason: Renewal) -> None:
        """Another connection takes over from one that still stands."""
        self.counters.renewals[reason] += 1
        level = logging.WARNING if reason.is_urgent else logging.INFO
        logger.log(level, "Speech-to-text: connection renewed (%s)", reason.value)
        await self.events.put(Renewed(reason))

    def heir_failed(self, error: SttError) -> None:
        """A connection made in advance failed; the one in use goes on."""
        self._count(error)
        logger.warning("Speech-to-text cannot be renewed yet: %s", error)

    async def proved(self) -> None:
        """The server works: it gave a word, or stayed for long."""
        if self._has_failed:
            self._has_failed = False
            self._told.clear()
            logger.info("Speech-to-text works again")
        await self._ready()

    async def said(self, event: Word | Pause) -> None:
        """A word or a pause; waits while the user does not take what is there."""
        if isinstance(event, Word):
            self.counters.words += 1
            # A connection that was given up may still come round.
            await self.proved()
        await self.events.put(event)

    def frame_sent(self) -> None:
        """80 ms of audio are with the server."""
        self.counters.sent_frames += 1

    def replayed(self, frames: int) -> None:
        """What no word came for goes to another connection."""
        self.counters.replayed_frames += frames

    def draining(self) -> None:
        """No more audio comes at all; the last words come in."""
        self.enter(StreamState.DRAINING)

    def garbage(self) -> None:
        """A message was not of the wire."""
        self.counters.garbage += 1

    async def failed(self, error: SttError) -> None:
        """An attempt or a connection failed; each reason told once until a recovery."""
        self._count(error)
        is_news = str(error) not in self._told and len(self._told) < MAX_TOLD
        if not is_news and error.retryable:
            logger.debug("Speech-to-text: %s", error)
            return
        self._told.add(str(error))
        logger.warning("Speech-to-text: %s", error)
        self._has_failed, self._is_ready = True, False
        await self.events.put(StreamFailed(str(error), error.retryable, error.reason))

    async def closed(self) -> None:
        """Nothing comes after this."""
        await self.events.put(Closed())

    def _count(self, error: SttError) -> None:
        self.last_failure = str(error)
        self.counters.failures[Failure(error.reason)] += 1

    async def _ready(self) -> None:
        if not self._is_ready:
            self._is_ready = True
            await self.events.put(Ready())
