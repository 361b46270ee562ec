# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A shell on a pseudo-terminal, into which lines are typed as a person would."""

import asyncio
import fcntl
import os
import pty
import re
import secrets
import signal
import termios
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65536
END_S = 20.0
TAIL_CHARS = 2000
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")
"Escape sequences for colours, links and cursor, and carriage returns."


class Terminal:
    """Used as `async with`; the shell and all it has started end with it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, "TERM": "xterm-256color", "PS1": ""}
        self._output = ""
        self._ended = ""

    async def __aenter__(self) -> Self:
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        self._shell = await asyncio.create_subprocess_exec(
            "bash",
            *("--noprofile", "--norc", "-i"),
            cwd=self._folder,
            env=self._environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        await self.type("stty -echo", END_S)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        self._shell.send_signal(signal.SIGHUP)  # as if the window was closed
        try:
            async with asyncio.timeout(END_S):
                await self._shell.wait()
        except TimeoutError:
            self._shell.kill()
            await self._shell.wait()
        os.close(self._master)

    @property
    def output(self) -> str:
        """All that was shown, without colours."""
        return CONTROL.sub("", self._output)

    def tail(self) -> str:
        """The end of it."""
        return self.output[-TAIL_CHARS:]

    async def type(self, line: str, timeout_s: float) -> int:
        """Type a line and wait for its end; returns its exit code."""
        self.begin(line)
        return await self.wait_for_end(timeout_s)

    def begin(self, line: str) -> None:
        """Type a line that takes its time."""
        self._ended = secrets.token_hex(8)
        # On the same line: Ctrl-C throws away what was typed ahead. In two parts: what
        # is typed is shown as well.
        mark = f"{self._ended[:8]}''{self._ended[8:]}"
        os.write(self._master, f"{line}; echo {mark} $?\n".encode())

    async def wait_for_end(self, timeout_s: float) -> int:
        """Wait for the end of the line typed last; returns its exit code."""
        ended = re.compile(rf"^{self._ended} (\d+)$", re.MULTILINE)
        return int((await self.wait_for(ended, timeout_s)).group(1))

    async def wait_for(
        self, pattern: re.Pattern[str], timeout_s: float
    ) -> re.Match[str]:
        """Wait until something was shown; raises `TimeoutError` with what was."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    match = pattern.search(self.output)
                    if match:
                        return match
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"not shown: {pattern.pattern}\n{self.tail()}") from None

    async def interrupt(self, number: signal.Signals) -> int:
        """Ctrl-C; returns the exit code of what was interrupted."""
        os.write(self._master, b"\x03" if number == signal.SIGINT else b"\x1c")
        return await self.wait_for_end(END_S)

    def _read(self) -> None:
        try:
            data = os.read(self._master, CHUNK_BYTES)
        except (BlockingIOError, OSError):
            return
        self._output += data.decode(errors="replace")


def _take_terminal() -> None:
    """Make the pseudo-terminal the one that Ctrl-C goes through, and heed it."""
    # Background jobs of scripts ignore Ctrl-C, and so would all that they start.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
