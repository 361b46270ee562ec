# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Tells dashboards how a worker's calls go, once a second while somebody looks."""

import asyncio
import logging
import time
from collections.abc import Callable

from channels.layers import get_channel_layer

from calls.control import DASHBOARD_GROUP, WATCH_S, WorkerVitals
from signaling.supervisor.vitals import Load

logger = logging.getLogger(__name__)

TELL_S = 1.0
NAP_S = 0.1
"The event loop is as late as the latest of the naps between two messages."


class CallWatch:
    """Sleeps until somebody looks, and again `WATCH_S` after the last of them."""

    def __init__(self, worker: str, vitals: Callable[[Load], str]) -> None:
        self._worker = worker
        self._vitals = vitals
        self._until_s = float("-inf")
        self._wanted = asyncio.Event()
        self._fails = False
        "An outage is told once."
        self.told = 0
        "Messages sent."

    def extend(self) -> None:
        """Somebody looks, and will say so again if it is for longer."""
        self._until_s = time.monotonic() + WATCH_S
        self._wanted.set()

    async def run(self) -> None:
        """Tell while somebody looks, until cancelled; its failures end no call."""
        while True:
            await self._wanted.wait()
            load = Load()
            while time.monotonic() < self._until_s:
                try:
                    await self._tell(load)
                except Exception:
                    if not self._fails:
                        logger.exception("No dashboard can be told how calls go")
                    self._fails = True
                else:
                    self._fails = False
                load = await _rest()
            self._wanted.clear()

    async def _tell(self, load: Load) -> None:
        layer = get_channel_layer()
        if layer is not None:
            message = WorkerVitals(self._worker, self._vitals(load)).to_message()
            await layer.group_send(DASHBOARD_GROUP, message)
            self.told += 1


async def _rest() -> Load:
    """Sleep until the next message is due; tells how busy the process was."""
    started_s, cpu_s, lag_s = time.monotonic(), time.process_time(), 0.0
    while (left_s := started_s + TELL_S - time.monotonic()) > 0:
        due_s = time.monotonic() + min(NAP_S, left_s)
        await asyncio.sleep(due_s - time.monotonic())
        lag_s = max(lag_s, time.monotonic() - due_s)
    passed_s = time.monotonic() - started_s
    return Load(lag_s * 1000, (time.process_time() - cpu_s) / passed_s)
