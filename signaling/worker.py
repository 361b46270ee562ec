# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Channels worker that holds the calls and ends them before it ends itself."""

import asyncio
import logging
import os
import random
import socket
from typing import Any

from channels.layers import get_channel_layer
from channels.worker import Worker

from calls.control import CONTROL_CHANNEL, worker_channel
from signaling import memory
from signaling.backoff import delays
from signaling.consumers import CallConsumer
from signaling.supervisor.environment import CallEnvironment
from signaling.supervisor.registry import CallRegistry
from signaling.webrtc.tap import check_aiortc

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
SLOWEST_RETRY_S = 15.0


class CallWorker(Worker):
    """Takes control messages from the channel layer and holds the registry.

    It listens on the channel all workers share, which brings new rooms, and on one of
    its own, which brings changes to rooms it already holds.
    """

    def __init__(self, name: str, channel_layer: Any) -> None:
        self.registry = CallRegistry(CallEnvironment.from_settings(name))
        super().__init__(
            CallConsumer.as_asgi(registry=self.registry),
            [CONTROL_CHANNEL, worker_channel(name)],
            channel_layer,
        )

    @classmethod
    def of_this_process(cls) -> "CallWorker":
        """The worker named after this host and process, on the default layer.

        Raises `RuntimeError` if the installed aiortc is not one the audio tap knows.
        """
        check_aiortc()
        return cls(f"{socket.gethostname()}-{os.getpid()}", get_channel_layer())

    def stop(self) -> None:
        """End all calls with last words and `bye`; `arun` returns within 5 s."""
        self.registry.stop()

    async def arun(self) -> None:
        """Hold calls until `stop`."""
        memory.settle()
        try:
            async with asyncio.TaskGroup() as tasks:
                listeners = [
                    tasks.create_task(self.handle()),
                    tasks.create_task(self.application_checker()),
                ]
                await self.registry.run()
                for listener in listeners:
                    listener.cancel()
        finally:
            await self._end_applications()

    async def handle(self) -> None:
        """Listen on all channels, as the base class does, but as one group."""
        async with asyncio.TaskGroup() as tasks:
            for channel in self.channels:
                tasks.create_task(self.listener(channel))

    async def listener(self, channel: str) -> None:
        """Listen on one channel; while the layer is away, try again and again.

        Nothing is lost meanwhile but speed: the registry looks for waiting rooms too.
        """
        for delay_s in delays(FIRST_RETRY_S, 2.0, SLOWEST_RETRY_S, 0.2, random.random):
            try:
                await super().listener(channel)
            except Exception:
                logger.exception("The channel layer is away; again in %.0f s", delay_s)
                await asyncio.sleep(delay_s)

    async def _end_applications(self) -> None:
        """The base class starts consumers as loose futures: end them, wait for them."""
        futures = [details["future"] for details in self.application_instances.values()]
        for scope_id in list(self.application_instances):
            self.delete_application_instance(scope_id)
        await asyncio.gather(*futures, return_exceptions=True)
