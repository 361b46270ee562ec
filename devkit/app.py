# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The app itself as a child process, configured as AppAPI would do it."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from devkit.nextcloud import NextcloudStandIn
from devkit.program import HOST, Program, free_ports, wait_for_port

ROOT = Path(__file__).resolve().parent.parent
MIGRATE_TIMEOUT_S = 60.0
OURS = ("LT_", "MODAL_", "APP_", "NEXTCLOUD_URL", "DATABASE_URL", "CHANNEL_LAYER_URL")


class AppProcess:
    """`manage.py serve` for one Nextcloud stand-in, as `async with`."""

    def __init__(
        self,
        nextcloud: NextcloudStandIn,
        folder: Path,
        environment: Mapping[str, str],
        *options: str,
    ) -> None:
        self._nextcloud = nextcloud
        self._log = folder / "app.log"
        self._port = free_ports(1)[0]
        self._options = options
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(OURS)
        }
        self.environment = {
            **inherited,
            "APP_ID": nextcloud.credentials.app_id,
            "APP_SECRET": nextcloud.credentials.secret,
            "APP_HOST": HOST,
            "APP_PORT": str(self._port),
            "APP_PERSISTENT_STORAGE": str(folder),
            "NEXTCLOUD_URL": nextcloud.url,
            **environment,
        }
        self._program = self._new_program()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._port}"

    @property
    def log(self) -> str:
        """All it has printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def usage(self) -> psutil.Process:
        """For CPU and memory."""
        return psutil.Process(self._program.pid)

    async def __aenter__(self) -> Self:
        await self.manage("migrate", "--verbosity", "0")
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._program.stop()

    async def start(self) -> None:
        """Start it; returns when it listens."""
        self._program = self._new_program()
        await self._program.start()
        await wait_for_port(self._port, self._program)
        self._nextcloud.app_url = self.url

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End it; returns the exit code."""
        return await self._program.stop(number)

    async def manage(self, *arguments: str) -> None:
        """Run a management command to its end; raises `RuntimeError` if it fails."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "manage.py"),
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(MIGRATE_TIMEOUT_S):
            output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"manage.py {arguments[0]}: {output.decode()[-1000:]}")

    async def wait_for_log(self, text: str, timeout_s: float = 10.0) -> None:
        """Wait until it has printed something; raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while text not in self.log:  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.1)

    async def create_superuser(self, name: str, password: str) -> None:
        """A user for the admin, which takes passwords while DEBUG is on."""
        self.environment["DJANGO_SUPERUSER_PASSWORD"] = password
        mail = f"{name}@localhost.invalid"
        options = ("--username", name, "--email", mail)
        await self.manage("createsuperuser", "--no-input", *options)

    def new_program(self, *arguments: str, log: Path) -> Program:
        """A management command as a child process, not started yet."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return Program(command, log, environment=self.environment)

    def _new_program(self) -> Program:
        return self.new_program("serve", *self._options, log=self._log)
