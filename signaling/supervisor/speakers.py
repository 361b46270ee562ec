# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The speakers of one call: one pipeline per publisher, failures contained here."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Iterator

from signaling.backoff import delays
from signaling.supervisor.speaker import SpeakerPipeline
from signaling.supervisor.subscription import Message, Renewed

logger = logging.getLogger(__name__)

FIRST_RESTART_S = 1.0
SLOWEST_RESTART_S = 30.0


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
    ) -> None:
        self._new_pipeline = new_pipeline
        self._on_failure = on_failure
        self._on_end = on_end
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
        if self._tasks is not None:
            for session_id in publishers - self._places.keys():
                place = _Place(self._new_pipeline(session_id))
                self._places[session_id] = place
                self._tasks.create_task(self._hold(session_id, place))

    def put(self, session_id: str, message: Message) -> None:
        """Hand a message about a publisher to its pipeline, if there is one."""
        place = self._places.get(session_id)
        if place is not None:
            place.pipeline.put(message)

    def renew(self) -> None:
        """All peer connections are gone: ask for every publisher's audio again."""
        for pipeline in self:
            pipeline.put(Renewed())

    async def _hold(self, session_id: str, place: _Place) -> None:
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
