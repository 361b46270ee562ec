# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Everything around the app: Nextcloud, the HPB and speech-to-text, on this machine."""

import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Literal, Protocol, Self

from devkit.engine import Engine
from devkit.hpb import SimulatedHpb
from devkit.nextcloud import NextcloudStandIn
from devkit.people import HpbLink
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


class Surroundings:
    """Nextcloud stand-in, HPB and speech-to-text, as `async with`.

    `simulate_hpb` defaults to whether the real one is missing; `on_step` is told what
    comes next while things start.
    """

    def __init__(
        self,
        engine: Engine,
        wire: WireName,
        *,
        simulate_hpb: bool | None = None,
        janus_rsa: bool = False,
        on_step: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.wire = wire
        self._simulate = bool(available()) if simulate_hpb is None else simulate_hpb
        self._on_step = on_step
        self._stack = AsyncExitStack()
        self.nextcloud = NextcloudStandIn(AppCredentials(secrets.token_hex(32)))
        # The app sends Modal credentials to Modal's hosts only, so none come here.
        self._janus_rsa = janus_rsa
        self.stt = SttServer(
            engine,
            stream_wire="modal-opus" if wire == "modal-opus" else "modal-pcm",
            credentials=Credentials(modal_key="", modal_secret=""),
            keep_audio=True,
        )
        self.hpb: Hpb

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._on_step("Nextcloud stand-in")
            await stack.enter_async_context(self.nextcloud)
            self._on_step("High-Performance Backend")
            self.hpb = await self._start_hpb(stack)
            self.nextcloud.hpb = HpbLink(self.hpb.url)
            self._on_step("Speech-to-text")
            await stack.enter_async_context(self.stt)
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

    @property
    def app_environment(self) -> dict[str, str]:
        """What an operator would set so that the app finds all this."""
        url = self.stt.moshi_url if self.wire == "moshi" else self.stt.stream_url
        return {
            "LT_HPB_URL": self.hpb.url,
            "LT_INTERNAL_SECRET": self.hpb.internal_secret,
            "LT_STT_URL": url,
            "LT_STT_WIRE": self.wire,
        }

    async def _start_hpb(self, stack: AsyncExitStack) -> Hpb:
        if self._simulate:
            return await stack.enter_async_context(SimulatedHpb(self.nextcloud))
        nextcloud = self.nextcloud
        hpb = RealHpb(nextcloud.url, nextcloud.backend_secret, rsa=self._janus_rsa)
        return await stack.enter_async_context(hpb)
