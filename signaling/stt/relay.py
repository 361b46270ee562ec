# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Audio is handed from connection to connection, without a gap where that is possible.

A connection that nears its limit, or brings nothing, asks for an heir. The heir is
opened while the old one goes on; at a pause in speech the floor passes over, and the
old one brings out its last words while new audio already goes to the heir. Words of the
heir wait for those.
"""

import asyncio
from collections.abc import Callable, Iterator

from signaling.errors import SttCapacityError, SttError
from signaling.stt.floor import Floor, News
from signaling.stt.leg import Leg
from signaling.stt.parts import StreamParts
from signaling.stt.reasons import Renewal
from signaling.stt.report import StreamReport
from signaling.stt.state import StreamState

FIRST_PAUSE_S = 1.0
FIRST_CAPACITY_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0

Backoff = Callable[[float], Iterator[float]]
"First pause in seconds -> pauses for ever."


class Relay:
    """Holds a connection for a stream, and two of them while one follows the other."""

    def __init__(
        self, parts: StreamParts, report: StreamReport, backoff: Backoff, news: News
    ) -> None:
        self._parts = parts
        self._report = report
        self._backoff = backoff
        self._news = news
        self._floors: list[Floor] = []
        self._tasks = asyncio.TaskGroup()
        self._restart_pauses()

    async def run(self) -> None:
        """Hold connections until the stream is finished, or refused for good."""
        async with self._tasks:
            leg: Leg | None = self._begin(has_floor=True)
            while leg is not None:
                leg = await self._follow(leg)

    def _begin(self, *, has_floor: bool = False) -> Leg:
        """A new connection; its words wait for those of all before it."""
        self._floors = [floor for floor in self._floors if not floor.has_ended]
        floor = Floor(self._news, tuple(self._floors))
        self._floors.append(floor)
        if has_floor:
            floor.given.set()
        return Leg(self._tasks, self._parts, floor, self._report)

    async def _follow(self, leg: Leg) -> Leg | None:
        """Who has the floor next; None if nobody has to."""
        floor = leg.floor
        await self._news.until(lambda: floor.has_ended or self._needs_heir(leg))
        if floor.has_ended:
            return await self._after(leg)
        heir = self._begin()
        await self._news.until(
            lambda: heir.floor.is_ready or self._is_settled(leg, heir)
        )
        if not self._is_settled(leg, heir):
            floor.has_heir = True
            self._parts.filled.set()
            await self._news.until(lambda: self._is_settled(leg, heir))
            floor.has_heir = False
        if floor.has_left:
            return await self._hand_over(leg, heir)
        heir.cancel()
        return await self._without_heir(leg, heir.failure)

    def _needs_heir(self, leg: Leg) -> bool:
        is_wanted = leg.floor.wanted is not None and leg.may_be_renewed
        return is_wanted and not self._parts.is_finishing

    def _is_settled(self, leg: Leg, heir: Leg) -> bool:
        """Whether the floor is free, or the heir not needed or not to be had."""
        is_over = heir.floor.has_ended or self._parts.is_finishing
        return leg.floor.has_left or leg.floor.wanted is None or is_over

    async def _hand_over(self, leg: Leg, heir: Leg) -> Leg | None:
        """The old connection takes no more audio, because it was renewed or broke."""
        failure = leg.failure
        if failure is not None and not failure.retryable:
            heir.cancel()
            return await self._after(leg)
        if failure is not None or not heir.floor.is_ready:
            self._report.enter(StreamState.CONNECTING)
        heir.floor.given.set()
        if leg.is_proved:
            self._restart_pauses()
        if failure is not None:
            await self._report.failed(failure)
        else:
            await self._report.renewed(leg.floor.wanted or Renewal.AGE)
        return heir

    async def _without_heir(self, leg: Leg, failure: SttError | None) -> Leg | None:
        """Audio still goes to the old connection; another attempt follows later.

        If that one brings no words, it is no worse to be refused at once.
        """
        if failure is None:
            return leg
        is_needed = leg.floor.wanted is not None and leg.floor.wanted.is_urgent
        if is_needed and not failure.retryable:
            leg.cancel()
            await self._wait_after(failure)
            return None
        if is_needed:
            await self._report.failed(failure)
        else:
            self._report.heir_failed(failure)
        leg.may_be_renewed = failure.retryable
        try:
            async with asyncio.timeout(self._next_pause_s(failure)):
                await self._news.until(
                    lambda: leg.floor.has_left or self._parts.is_finishing
                )
        except TimeoutError:
            return leg
        return leg

    async def _after(self, leg: Leg) -> Leg | None:
        """Another connection for one that is over, if there has to be one."""
        if leg.is_proved:
            self._restart_pauses()
        if leg.failure is None:
            if self._is_done(leg):
                return None
        elif not await self._wait_after(leg.failure):
            return None
        self._report.enter(StreamState.CONNECTING)
        return self._begin(has_floor=True)

    def _is_done(self, leg: Leg) -> bool:
        """Whether the stream has come to its end with this connection."""
        if leg.failure is not None or not self._parts.is_finishing:
            return False
        return not (leg.was_opened and self._parts.backlog)

    async def _wait_after(self, error: SttError) -> bool:
        """Pause before the next attempt; False if there must not be one."""
        await self._report.failed(error)
        if not error.retryable:
            self._report.enter(StreamState.FAILED)
            return False
        self._report.enter(StreamState.BACKOFF)
        try:
            async with asyncio.timeout(self._next_pause_s(error)):
                await self._parts.ending.wished.wait()
        except TimeoutError:
            return True
        return False

    def _next_pause_s(self, error: SttError) -> float:
        is_full = isinstance(error, SttCapacityError)
        return next(self._capacity_pauses if is_full else self._pauses)

    def _restart_pauses(self) -> None:
        """Only a peer that has worked is worth a quick attempt again."""
        self._pauses = self._backoff(FIRST_PAUSE_S)
        self._capacity_pauses = self._backoff(FIRST_CAPACITY_PAUSE_S)
