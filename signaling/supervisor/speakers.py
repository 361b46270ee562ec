# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The speakers of one call: one pipeline per publisher, failures contained here."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from signaling.backoff import delays
from signaling.supervisor.seats import SpeakerSeats
from signaling.supervisor.speaker import SpeakerPipeline
from signaling.supervisor.subscription import Message, Renewed

logger = logging.getLogger(__name__)

FIRST_RESTART_S = 1.0
SLOWEST_RESTART_S = 30.0
DEAF_S = 2.0
"Longest wait for a speaker's old connection to end before a new one is made."


class _Place:
    """One publisher's place: the pipeline that fills it now, and when it is over."""

    def __init__(self, pipeline: SpeakerPipeline) -> None:
        self.pipeline = pipeline
        self.over = asyncio.Event()

    def leave(self) -> None:
        """Let the pipeline end with its last words, and start no other."""
        self.over.set()
        self.pipeline.stop()


class Speakers:
    """Starts, restarts and ends the pipelines of a call's publishers."""

    def __init__(
        self,
        new_pipeline: Callable[[str], SpeakerPipeline],
        on_failure: Callable[[str], None],
        on_end: Callable[[SpeakerPipeline], None],
        seats: SpeakerSeats,
        on_refusal: Callable[[str], None],
    ) -> None:
        self._new_pipeline = new_pipeline
        self._on_failure = on_failure
        self._on_end = on_end
        self._seats = seats
        self._on_refusal = on_refusal
        self._refused: set[str] = set()
        self._places: dict[str, _Place] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._closing = asyncio.Event()

    def __iter__(self) -> Iterator[SpeakerPipeline]:
        """The pipelines of the publishers who are there now."""
        return iter([place.pipeline for place in self._places.values()])

    def __len__(self) -> int:
        return len(self._places)

    async def run(self) -> None:
        """Hold the pipelines until `close`, then until each has flushed."""
        async with asyncio.TaskGroup() as self._tasks:
            await self._closing.wait()

    def close(self) -> None:
        """The call ends: every speaker brings out the last words, then `run` ends."""
        self.follow(())
        self._tasks = None
        self._closing.set()

    def follow(self, publishers: Iterable[str]) -> None:
        """Start pipelines for new publishers, stop those of publishers who left."""
        publishers = frozenset(publishers)
        for session_id in self._places.keys() - publishers:
            self._places.pop(session_id).leave()
        self._refused &= publishers
        for session_id in publishers - self._places.keys():
            self._begin(session_id)

    def _begin(self, session_id: str) -> None:
        """Listen to a publisher, if there is a seat; if not, try again next time."""
        if self._tasks is None:
            return
        if self._seats.take():
            self._refused.discard(session_id)
            self._start(session_id, self._tasks)
        elif session_id not in self._refused:
            self._refused.add(session_id)
            self._on_refusal(session_id)

    def _start(
        self,
        session_id: str,
        tasks: asyncio.TaskGroup,
        after: SpeakerPipeline | None = None,
    ) -> None:
        """Fill a place whose seat is taken."""
        place = self._places[session_id] = _Place(self._new_pipeline(session_id))
        tasks.create_task(self._hold(session_id, place, after))

    def get(self, session_id: str) -> SpeakerPipeline | None:
        """The pipeline of a publisher, None if there is none now."""
        place = self._places.get(session_id)
        return None if place is None else place.pipeline

    def put(self, session_id: str, message: Message) -> None:
        """Hand a message about a publisher to its pipeline, if there is one."""
        pipeline = self.get(session_id)
        if pipeline is not None:
            pipeline.put(message)

    def restart(self, session_id: str) -> None:
        """Let a publisher's pipeline end with its last words, and begin another."""
        place = self._places.get(session_id)
        if place is None or self._tasks is None:
            return
        place.pipeline.is_replaced = True
        place.leave()
        # It is one person all the time, whom the limit counts once.
        self._seats.take_over()
        self._start(session_id, self._tasks, after=place.pipeline)

    def renew(self) -> None:
        """All peer connections are gone: ask for every publisher's audio again."""
        for pipeline in self:
            pipeline.put(Renewed())

    async def _hold(
        self, session_id: str, place: _Place, after: SpeakerPipeline | None
    ) -> None:
        try:
            if after is not None:
                # The HPB has one connection for each publisher: with the end of the
                # old one it would end the new one as well.
                with suppress(TimeoutError):
                    async with asyncio.timeout(DEAF_S):
                        await after.deaf.wait()
            await self._keep_running(session_id, place)
        finally:
            self._seats.give_back()

    async def _keep_running(self, session_id: str, place: _Place) -> None:
        """Run one publisher's pipeline; if it breaks, start another after a while."""
        for delay_s in delays(
            FIRST_RESTART_S, 2.0, SLOWEST_RESTART_S, 0.2, random.random
        ):
            try:
                await place.pipeline.run()
            except Exception:
                logger.exception("A speaker failed; starting again in %.0f s", delay_s)
                self._on_failure(session_id)
            else:
                self._on_end(place.pipeline)
                return
            try:
                async with asyncio.timeout(delay_s):
                    await place.over.wait()
                return
            except TimeoutError:
                place.pipeline = self._new_pipeline(session_id)
