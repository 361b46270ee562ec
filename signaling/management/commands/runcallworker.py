# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py runcallworker`: a process that holds calls, beside `serve --no-worker`."""

import asyncio
import signal
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from calls import services
from livetranscription import metrics
from signaling.worker import CallWorker

IN_MEMORY = "channels.layers.InMemoryChannelLayer"


class Command(BaseCommand):
    """Runs a worker until SIGTERM or Ctrl-C, then ends its calls with `bye`."""

    help = (
        "Hold calls in a process of their own; any number of them may run, on any "
        "host that reaches the database and Redis. The web side is `serve --no-worker`."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check that messages can reach this process, then work."""
        if settings.CHANNEL_LAYERS["default"]["BACKEND"] == IN_MEMORY:
            raise CommandError(
                "A worker of its own needs Redis: set CHANNEL_LAYER_URL=redis://host "
                "here and for `serve --no-worker`. The layer in memory ends at the "
                "process, so no call would ever arrive."
            )
        try:
            uvloop.run(_work())
        except RuntimeError as error:
            raise CommandError(str(error)) from error


async def _work() -> None:
    worker = CallWorker.of_this_process()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    async with asyncio.TaskGroup() as tasks:
        helpers = [
            tasks.create_task(metrics.watch_event_loop()),
            tasks.create_task(services.tell_nextcloud_log()),
        ]
        await worker.arun()
        for helper in helpers:
            helper.cancel()  # the log says what is left to say
