# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Child processes of the devkit: they end with us, their output is kept."""

import asyncio
import ctypes
import logging
import random
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 8.0
PORTS = range(10_000, 30_000)
"Below those of outgoing connections, which come and go and would get in the way."
LOG_TAIL_CHARS = 1500
GAVE_UP = ("panic", "fatal error")
crashed: list[str] = []
"Names of programs that ended by themselves, and badly, in the order of their ends."
PR_SET_PDEATHSIG = 1


class Program:
    """A child process that ends with us, with its output in a file."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                preexec_fn=_die_with_parent,
                # Ctrl-C in the terminal is for us alone: we end what we started.
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> str:
        """All that it printed."""
        return self._log.read_text(errors="replace")

    def tail(self) -> str:
        """The end of what it printed."""
        return self.log[-LOG_TAIL_CHARS:]

    async def wait(self, timeout_s: float = START_TIMEOUT_S) -> int:
        """Wait for its end; returns the exit code."""
        if self._process is None:
            raise RuntimeError("not started")
        async with asyncio.timeout(timeout_s):
            return await self._process.wait()

    @property
    def pid(self) -> int:
        """Process id; raises `RuntimeError` before `start`."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End it, by force if it does not end by itself; returns its exit code."""
        process = self._process
        if process is None:
            return None
        if process.returncode is not None:
            self._tell_end(process.returncode)
            return process.returncode
        process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        return process.returncode

    def _tell_end(self, code: int) -> None:
        """A program that was gone before anybody stopped it explains much."""
        name = Path(self._command[0]).name
        if code:
            crashed.append(name)
        log = logger.warning if code else logger.debug
        log("%s had ended by itself with %d:\n%s", name, code, self._last_words())

    def _last_words(self) -> str:
        """Where it says why, if it is a Go program that gave up; else the end."""
        text = self.log
        starts = [text.find(f"\n{word}: ") for word in GAVE_UP]
        found = [start for start in starts if start >= 0]
        return text[min(found) :][:LOG_TAIL_CHARS] if found else self.tail()


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; somebody may before they are used, if unlikely."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(PORTS)  # noqa: S311 - no secret
        if port in found:
            continue
        try:
            socket.create_server((HOST, port)).close()
        except OSError:
            continue
        found.append(port)
    return found


async def wait_for_port(port: int, program: Program) -> None:
    """Wait until `program` listens; raises `RuntimeError` with what it printed."""
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while program.alive:
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                return
    except TimeoutError:
        pass
    raise RuntimeError(f"a program did not come up:\n{program.tail()}")


def _die_with_parent() -> None:
    """The kernel ends the child when this process ends, however it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
