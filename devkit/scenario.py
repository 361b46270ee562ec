# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A Talk call on one machine: every part started, joined and ended in order."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from devkit.app import AppProcess
from devkit.engine import Engine
from devkit.hpb import SimulatedHpb
from devkit.nextcloud import NextcloudStandIn
from devkit.program import HOST, Program, free_ports, wait_for_port
from devkit.proxy import TcpProxy
from devkit.stt import SttServer
from devkit.surroundings import Hpb, Surroundings, WireName

LOOK_S = 0.05


class LocalCall:
    """What surrounds the app, and the app itself, as `async with`.

    `on_step` is told what comes next while things start.
    """

    def __init__(
        self,
        engine: Engine,
        wire: WireName,
        *,
        environment: Mapping[str, str] | None = None,
        simulate_hpb: bool | None = None,
        janus_rsa: bool = False,
        split_worker: bool = False,
        cuttable_hpb: bool = False,
        on_step: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.surroundings = Surroundings(
            engine,
            wire,
            simulate_hpb=simulate_hpb,
            janus_rsa=janus_rsa,
            on_step=on_step,
        )
        self._environment = environment or {}
        self._on_step = on_step
        self._stack = AsyncExitStack()
        self._split_worker = split_worker
        self._cuttable_hpb = cuttable_hpb
        self.hpb_line: TcpProxy
        "What stands between the app and the HPB; only with `cuttable_hpb`."
        self.worker: Program | None = None
        self._redis: Program
        self._redis_port = 0
        self.app: AppProcess

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            await stack.enter_async_context(self.surroundings)
            self._on_step("live_transcription")
            await self._start_app(stack, folder)
            await self._enable()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def wire(self) -> WireName:
        """How audio goes to speech-to-text."""
        return self.surroundings.wire

    @property
    def nextcloud(self) -> NextcloudStandIn:
        """The stand-in."""
        return self.surroundings.nextcloud

    @property
    def hpb(self) -> Hpb:
        """The real HPB or the simulated one."""
        return self.surroundings.hpb

    @property
    def simulated_hpb(self) -> SimulatedHpb:
        """The simulated HPB, for its faults; `TypeError` with the real one."""
        return self.surroundings.simulated_hpb

    @property
    def stt(self) -> SttServer:
        """The speech-to-text server."""
        return self.surroundings.stt

    async def wait_heard(self, speakers: int, timeout_s: float = 15.0) -> None:
        """Wait until the app hears so many speakers; raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while True:
                response = await self.nextcloud.talk.status()
                response.raise_for_status()
                if response.json()["active_transcribers"] >= speakers:
                    return
                await asyncio.sleep(LOOK_S)

    @property
    def log(self) -> str:
        """All that web side and worker have printed."""
        return self.app.log + (self.worker.log if self.worker is not None else "")

    async def stop_redis(self) -> None:
        """Stop what web side and worker talk over; only with `split_worker`."""
        await self._redis.stop()

    async def start_redis(self) -> None:
        """Start it, empty."""
        await self._redis.start()
        await wait_for_port(self._redis_port, self._redis)

    async def _start_app(self, stack: AsyncExitStack, folder: Path) -> None:
        """The app in one process, or split into web side and worker over Redis."""
        environment = {**self.surroundings.app_environment, **self._environment}
        if self._cuttable_hpb:
            line = TcpProxy(urlsplit(self.hpb.url).port or 80)
            self.hpb_line = await stack.enter_async_context(line)
            environment["LT_HPB_URL"] = f"http://{HOST}:{line.port}"
        options = []
        if self._split_worker:
            port = self._redis_port = free_ports(1)[0]
            self._redis = Program(
                ["redis-server", "--port", str(port), "--save", ""], folder / "redis"
            )
            stack.push_async_callback(self._redis.stop)
            await self.start_redis()
            environment["CHANNEL_LAYER_URL"] = f"redis://{HOST}:{port}"
            environment["TMPDIR"] = str(folder)
            options = ["--no-worker"]
        self.app = AppProcess(self.nextcloud, folder, environment, *options)
        await stack.enter_async_context(self.app)
        if self._split_worker:
            self.worker = self.app.new_program("runcallworker", log=folder / "worker")
            stack.push_async_callback(self.worker.stop)
            await self.worker.start()

    async def _enable(self) -> None:
        """Install as AppAPI does: init, then enabled when it reports 100."""
        response = await self.nextcloud.talk.init()
        response.raise_for_status()
        await self.nextcloud.wait_enabled()
