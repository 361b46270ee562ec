# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Daphne and the call worker on one event loop, started and ended together.

Daphne has no hooks for start and end, so this is the place that has them: signals
end the calls first, each with `bye`, and the web server after them.
"""

import asyncio
import logging
import signal
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import uvloop
from django.core.asgi import get_asgi_application
from django.utils.module_loading import import_string
from twisted.internet import asyncioreactor

from livetranscription import metrics

logger = logging.getLogger(__name__)

CALL_WORKER = "signaling.worker.CallWorker"
APPLICATION = "livetranscription.asgi.application"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: on a socket file if one is given, else on host and port."""

    host: str
    port: int
    socket: str = ""

    def __str__(self) -> str:
        return self.socket or f"{self.host}:{self.port}"


class Endable(Protocol):
    """The call worker, seen from here."""

    def stop(self) -> None:
        """Begin to end."""

    async def arun(self) -> None:
        """Work until `stop`."""


class Program:
    """What runs beside the web server: the app's background work and the worker."""

    def __init__(self, background: Any, worker: Endable | None) -> None:
        self._background = background
        self._worker = worker
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End everything, calls first; called by SIGTERM and Ctrl-C."""
        self._stopping.set()

    async def run(self) -> None:
        """Run until `stop`; raises what broke, if something did."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(self._background.run()),
                tasks.create_task(metrics.watch_event_loop()),
            ]
            worker = None
            if self._worker is not None:
                worker = tasks.create_task(self._worker.arun())
            await self._stopping.wait()
            if self._worker is not None and worker is not None:
                self._worker.stop()
                await worker
            for helper in helpers:
                helper.cancel()


def serve(address: Address, *, hold_calls: bool, background: Any) -> int:
    """Serve until SIGTERM or Ctrl-C; returns the exit code of the process.

    `background` has `run()` and lives as long as the server; `hold_calls` says
    whether captions are made in this process too.
    """
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    # Before daphne is imported: it would install a reactor on a loop of its own.
    asyncioreactor.install(loop)
    from daphne.server import Server

    get_asgi_application()  # loads the apps before anything of theirs is imported
    worker = import_string(CALL_WORKER).of_this_process() if hold_calls else None
    program = Program(background, worker)
    server = Server(
        import_string(APPLICATION),
        endpoints=_endpoints(address),
        signal_handlers=False,
        server_name="live_transcription",
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, program.stop)
    running = loop.create_task(_run_and_stop(program, server))
    server.run()  # returns when the reactor stops, or at once if it cannot listen
    if not running.done():
        running.cancel()
        logger.critical("Cannot listen on %s", address)
        loop.run_until_complete(asyncio.gather(running, return_exceptions=True))
        return 1
    return running.result()


def _endpoints(address: Address) -> list[str]:
    """Twisted's words for `address`."""
    if address.socket:
        _remove_stale(Path(address.socket))
        return [f"unix:{address.socket}"]
    interface = address.host.strip("[]").replace(":", r"\:")
    return [f"tcp:port={address.port}:interface={interface}"]


def _remove_stale(path: Path) -> None:
    """A socket file that outlived its process would be "in use" for ever."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()


async def _run_and_stop(program: Program, server: Any) -> int:
    """Run the program; stop the web server after it, whatever happened."""
    try:
        await program.run()
    except Exception:
        logger.exception("The server ends because a part of it broke")
        return 1
    else:
        return 0
    finally:
        server.stop()
