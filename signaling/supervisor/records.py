# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Writes a call's facts to the database, in order and off the audio path."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

from signaling.backoff import delays

logger = logging.getLogger(__name__)

QUEUE_JOBS = 1000
FIRST_RETRY_S = 0.5
SLOWEST_RETRY_S = 10.0

Job = Callable[[], Any]
Then = Callable[[Any], None]


class CallRecorder:
    """Runs database jobs one after another; nobody waits for them.

    The queue holds `QUEUE_JOBS` jobs; beyond that the newest is dropped and counted
    in `dropped`, like a job the database refuses. While the database is away or
    locked the first job is tried again and again.
    """

    def __init__(self) -> None:
        self._jobs: asyncio.Queue[tuple[Job, Then | None]] = asyncio.Queue(QUEUE_JOBS)
        self.dropped = 0

    def put(self, job: Job, then: Then | None = None) -> None:
        """Queue `job`, which uses the ORM; `then` gets its result on the loop."""
        try:
            self._jobs.put_nowait((job, then))
        except asyncio.QueueFull:
            self.dropped += 1
            if self.dropped == 1:
                logger.warning("The database is too slow: facts are being dropped")

    async def run(self) -> None:
        """Work off the jobs until cancelled."""
        while True:
            job, then = await self._jobs.get()
            try:
                await self._do(job, then)
            finally:
                self._jobs.task_done()

    async def drain(self, timeout_s: float) -> None:
        """Wait until all queued jobs are done, `timeout_s` at most."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._jobs.join()
        except TimeoutError:
            logger.warning("%d facts of this call were not written", self._jobs.qsize())

    async def _do(self, job: Job, then: Then | None) -> None:
        for delay_s in delays(FIRST_RETRY_S, 2.0, SLOWEST_RETRY_S, 0.2, random.random):
            try:
                result = await database_sync_to_async(job)()
            except (OperationalError, InterfaceError) as error:
                logger.warning("Database is away (%s); trying again", error)
                await asyncio.sleep(delay_s)
            except DatabaseError:
                self.dropped += 1
                logger.exception("The database refused a fact of this call")
                return
            else:
                if then is not None:
                    then(result)
                return
