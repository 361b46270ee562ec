# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What lives as long as the web server: whether we are enabled, background work."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from channels.db import database_sync_to_async
from django.db import DatabaseError

from calls import registration, services
from calls.dashboard.board import board
from calls.nextcloud import Nextcloud, NextcloudError
from calls.nextcloudlog import nextcloud_log

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
SLOWEST_RETRY_S = 30.0
MAX_JOBS = 100

Job = Callable[[], Coroutine[Any, Any, None]]


class Background:
    """Owns the tasks that views start, and the answer to "are we enabled?".

    Nextcloud does not call us after a restart, so at the start it is asked, again and
    again until it answers or says so by itself (`PUT /enabled`). Until then: no.
    """

    def __init__(self) -> None:
        self.enabled = False
        self._told = asyncio.Event()
        self._jobs: asyncio.Queue[Job] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def tasks(self) -> int:
        """Tasks on the event loop of the server: a leak shows here first."""
        return 0 if self._loop is None else len(asyncio.all_tasks(self._loop))

    @property
    def running(self) -> bool:
        """Whether somebody runs it, so that `start` has an effect."""
        return self._jobs is not None

    async def run(self) -> None:
        """Ask Nextcloud, and hold the tasks that views start, until cancelled."""
        self._jobs = asyncio.Queue(MAX_JOBS)
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ask_nextcloud())
                tasks.create_task(board.run())
                tasks.create_task(_read_languages())
                tasks.create_task(nextcloud_log.run())
                while True:
                    job = await self._jobs.get()
                    tasks.create_task(job())
        finally:
            self._jobs = self._loop = None

    def tell(self, enabled: bool) -> None:
        """Nextcloud has enabled or disabled us."""
        self.enabled = enabled
        self._told.set()

    def report_initialised(self) -> None:
        """Tell Nextcloud, after the answer to `/init`, that nothing is left to do.

        Raises `RuntimeError` if nobody runs the background work.
        """
        self.start(_report_initialised)

    def start(self, job: Job) -> None:
        """Hold a task that a view starts, from whatever thread; it must not raise.

        Raises `RuntimeError` if nobody runs the background work.
        """
        if self._jobs is None:
            raise RuntimeError("the background work does not run")
        self._begin(job)

    def register_entries(self) -> None:
        """Have Nextcloud show what it can of us, after the answer to `PUT /enabled`."""
        self._begin(registration.register)

    def _begin(self, job: Job) -> None:
        """Have `run` do it; views are in threads of their own."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._put, job)

    def _put(self, job: Job) -> None:
        if self._jobs is None:
            return
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            logger.warning("Too much to tell Nextcloud: something is left out")

    async def _ask_nextcloud(self) -> None:
        for pause_s in _pauses():
            if self._told.is_set():
                return
            try:
                enabled = await Nextcloud.from_settings().is_enabled()
            except NextcloudError as error:
                logger.warning("Not known whether this app is enabled: %s", error)
                await asyncio.sleep(pause_s)
                continue
            if not self._told.is_set():
                self.tell(enabled)
                if enabled:
                    await _resume_calls()
            return


async def _read_languages() -> None:
    """Which languages the operator has switched off; all of them until it is known."""
    for pause_s in _pauses():
        try:
            await database_sync_to_async(services.read_offered_languages)()
        except DatabaseError as error:
            logger.warning("The languages cannot be read: %s", error)
            await asyncio.sleep(pause_s)
        else:
            return


async def _resume_calls() -> None:
    """Take up what was left when the app was disabled."""
    try:
        await database_sync_to_async(services.resume_calls)()
    except DatabaseError as error:
        logger.warning("Calls cannot be taken up: %s", error)


async def _report_initialised() -> None:
    """Progress 100, until Nextcloud has it; at that it calls `PUT /enabled`."""
    for pause_s in _pauses():
        try:
            await Nextcloud.from_settings().report_progress(100)
        except NextcloudError as error:
            logger.warning("Nextcloud does not take our progress: %s", error)
            await asyncio.sleep(pause_s)
        else:
            return


def _pauses() -> Iterator[float]:
    """Growing pauses, spread at random."""
    pause_s = FIRST_RETRY_S
    while True:
        yield pause_s * random.uniform(1.0, 1.2)  # noqa: S311 - no secret
        pause_s = min(2 * pause_s, SLOWEST_RETRY_S)


background = Background()
"The one of this process; `serve` runs it."
