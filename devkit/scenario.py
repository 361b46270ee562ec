"""A Talk call on one machine: every part started, joined and ended in order."""

import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from devkit.app import AppProcess
from devkit.engine import Engine
from devkit.hpb import SimulatedHpb
from devkit.nextcloud import NextcloudStandIn
from devkit.people import HpbLink
from devkit.program import HOST, Program, free_ports, wait_for_port
from devkit.realhpb import RealHpb, available
from devkit.stt import SttServer
from devkit.stt_record import Credentials
from devkit.talk import AppCredentials

WireName = Literal["modal-pcm", "modal-opus", "moshi"]
WIRES: tuple[WireName, ...] = ("modal-pcm", "modal-opus", "moshi")


class Hpb(Protocol):
    """The real HPB or the simulated one."""

    description: str
    internal_secret: str

    @property
    def url(self) -> str:
        """As it goes into LT_HPB_URL."""

    async def restart(self) -> None:
        """All sessions are gone afterwards."""


class LocalCall:
    """Nextcloud stand-in, HPB, speech-to-text and the app, as `async with`.

    `on_step` is told what comes next, and what has been done, while things start.
    """

    def __init__(
        self,
        engine: Engine,
        wire: WireName,
        *,
        environment: Mapping[str, str] | None = None,
        simulate_hpb: bool | None = None,
        split_worker: bool = False,
        on_step: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.wire = wire
        self._environment = environment or {}
        self._simulate = bool(available()) if simulate_hpb is None else simulate_hpb
        self._on_step = on_step
        self._stack = AsyncExitStack()
        self.nextcloud = NextcloudStandIn(AppCredentials(secrets.token_hex(32)))
        # The app sends Modal credentials to Modal's hosts only, so none come here.
        self.stt = SttServer(
            engine,
            stream_wire="modal-opus" if wire == "modal-opus" else "modal-pcm",
            credentials=Credentials(modal_key="", modal_secret=""),
            keep_audio=True,
        )
        self._split_worker = split_worker
        self.worker: Program | None = None
        self.hpb: Hpb
        self.app: AppProcess

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._on_step("Nextcloud stand-in")
            await stack.enter_async_context(self.nextcloud)
            self._on_step("High-Performance Backend")
            self.hpb = await self._start_hpb(stack)
            self.nextcloud.hpb = HpbLink(self.hpb.url)
            self._on_step("Speech-to-text")
            await stack.enter_async_context(self.stt)
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
    def simulated_hpb(self) -> SimulatedHpb:
        """The simulated HPB, for its faults; `TypeError` with the real one."""
        if not isinstance(self.hpb, SimulatedHpb):
            raise TypeError("the real HPB takes no orders")
        return self.hpb

    async def _start_app(self, stack: AsyncExitStack, folder: Path) -> None:
        """The app in one process, or split into web side and worker over Redis."""
        environment = self._app_environment()
        options = []
        if self._split_worker:
            port = free_ports(1)[0]
            redis = Program(
                ["redis-server", "--port", str(port), "--save", ""], folder / "redis"
            )
            stack.push_async_callback(redis.stop)
            await redis.start()
            await wait_for_port(port, redis)
            environment["CHANNEL_LAYER_URL"] = f"redis://{HOST}:{port}"
            options = ["--no-worker"]
        self.app = AppProcess(self.nextcloud, folder, environment, *options)
        await stack.enter_async_context(self.app)
        if self._split_worker:
            self.worker = self.app.new_program("runcallworker", log=folder / "worker")
            stack.push_async_callback(self.worker.stop)
            await self.worker.start()

    async def _start_hpb(self, stack: AsyncExitStack) -> Hpb:
        if self._simulate:
            return await stack.enter_async_context(SimulatedHpb(self.nextcloud))
        hpb = RealHpb(self.nextcloud.url, self.nextcloud.backend_secret)
        return await stack.enter_async_context(hpb)

    async def _enable(self) -> None:
        """Install as AppAPI does: init, then enabled when it reports 100."""
        response = await self.nextcloud.talk.init()
        response.raise_for_status()
        await self.nextcloud.wait_enabled()

    def _app_environment(self) -> dict[str, str]:
        url = self.stt.moshi_url if self.wire == "moshi" else self.stt.stream_url
        return {
            "LT_HPB_URL": self.hpb.url,
            "LT_INTERNAL_SECRET": self.hpb.internal_secret,
            "LT_STT_URL": url,
            "LT_STT_WIRE": self.wire,
            **self._environment,
        }
