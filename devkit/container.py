# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The app as its container runs it: the image's files, AppAPI's variables, one volume.

There is no Docker here. What Docker does is little: it sets variables, starts the entry
point as root, asks the health check, sends SIGTERM and keeps the volume.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from devkit.frpc import read_record, write_script
from devkit.image import ImageFiles
from devkit.nextcloud import NextcloudStandIn
from devkit.program import HOST, Program, free_ports

Mode = Literal["harp", "direct", "docker-socket-proxy"]
MODES: tuple[Mode, ...] = ("harp", "direct", "docker-socket-proxy")
HARP_KEY = 'a "key" with \\ in it'
HEALTH_POLLS = 150
HEALTH_POLL_S = 0.2
"AppAPI asks once a second, up to 900 times."


@dataclass(frozen=True, slots=True)
class Folders:
    """What of a container is on this machine; all of it open to any user."""

    volume: Path
    "The data volume; the only one that survives an update."
    run: Path
    frpc_record: Path
    log: Path
    programs: Path
    "Stands first in the PATH."

    @classmethod
    def below(cls, folder: Path) -> "Folders":
        """Make them."""
        folders = cls(
            folder / "volume",
            folder / "run",
            folder / "frpc",
            folder / "log",
            folder / "bin",
        )
        for path in (folders.volume, folders.run, folders.programs):
            path.mkdir(parents=True, exist_ok=True)
        return folders


class Container:
    """Started, stopped and asked for its health as AppAPI does it."""

    def __init__(
        self,
        image: ImageFiles,
        nextcloud: NextcloudStandIn,
        folder: Path,
        mode: Mode,
        environment: Mapping[str, str],
    ) -> None:
        self.mode = mode
        self.folders = Folders.below(folder)
        self.port = free_ports(1)[0]
        self._image = image
        write_script(self.folders.programs, self.folders.frpc_record, image.python)
        self.environment = {
            "PATH": f"{self.folders.programs}:{image.path}",
            "RUN_DIRECTORY": str(self.folders.run),
            "AA_VERSION": "32.0.0",
            "APP_ID": nextcloud.credentials.app_id,
            "APP_SECRET": nextcloud.credentials.secret,
            "APP_DISPLAY_NAME": "Live Transcription",
            "APP_VERSION": nextcloud.credentials.app_version,
            "APP_HOST": "0.0.0.0" if mode == "docker-socket-proxy" else HOST,  # noqa: S104
            "APP_PORT": str(self.port),
            "APP_PERSISTENT_STORAGE": str(self.folders.volume),
            "NEXTCLOUD_URL": f"{nextcloud.url}/index.php/",
            "COMPUTE_DEVICE": "CPU",
            **(self._harp_variables() if mode == "harp" else {}),
            **environment,
        }
        self._program: Program | None = None

    @property
    def url(self) -> str:
        """Where Nextcloud reaches it; under HaRP that is the far end of the tunnel."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        """All it has printed since it was made."""
        log = self.folders.log
        return log.read_text(errors="replace") if log.exists() else ""

    @property
    def pid(self) -> int:
        """Of its first process."""
        if self._program is None:
            raise RuntimeError("not started")
        return self._program.pid

    def frpc_events(self) -> list[str]:
        """What happened to frpc, in order."""
        return [line["event"] for line in read_record(self.folders.frpc_record)]

    async def start(self, *arguments: str) -> None:
        """`docker start`: returns at once."""
        command = [str(self._image.app / "appinfo" / "start.sh"), *arguments]
        self._program = Program(command, self.folders.log, environment=self.environment)
        await self._program.start()

    async def wait_healthy(self) -> float:
        """Ask the health check until it agrees; returns how long that took, seconds."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for _ in range(HEALTH_POLLS):
            if await self.healthy():
                return loop.time() - began_s
            if self._program is None or not self._program.alive:
                break
            await asyncio.sleep(HEALTH_POLL_S)
        raise RuntimeError(f"the container does not get healthy:\n{self.log[-2000:]}")

    async def healthy(self) -> bool:
        """One run of the image's health check."""
        process = await asyncio.create_subprocess_exec(
            str(self._image.app / "appinfo" / "healthcheck.sh"),
            env=self.environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait() == 0

    async def wait(self, timeout_s: float = 15.0) -> int:
        """Wait for its end; returns the exit code."""
        if self._program is None:
            raise RuntimeError("not started")
        return await self._program.wait(timeout_s)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """`docker stop`; returns the exit code."""
        return await self._program.stop(number) if self._program else None

    def _harp_variables(self) -> dict[str, str]:
        return {
            "HP_FRP_ADDRESS": "harp.example.com",
            "HP_FRP_PORT": "8782",
            "HP_SHARED_KEY": HARP_KEY,
            "HP_EXAPP_SOCK": str(self.folders.run / "exapp.sock"),
            "HP_FRP_CERTIFICATES": str(self.folders.run.parent / "certificates"),
        }

    @property
    def runs_as_root(self) -> bool:
        """Whether the entry point has something to give up."""
        return os.geteuid() == 0
