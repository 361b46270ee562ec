# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Starts the real High-Performance Backend and Janus, where they are installed."""

import secrets
import shutil
import signal
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from devkit.program import HOST, Program, free_ports, wait_for_port

HPB_NAMES = ("nextcloud-spreed-signaling-server", "nextcloud-spreed-signaling")
JANUS_PLUGINS = Path("/usr/lib")

HPB_CONF = """
[http]
listen = {host}:{port}
[app]
debug = false
[sessions]
hashkey = {hash_key}
blockkey = {block_key}
[clients]
internalsecret = {internal_secret}
[backend]
backends = nextcloud
allowall = false
timeout = 10
connectionsperhost = 8
[nextcloud]
url = {backend_url}
secret = {backend_secret}
[nats]
url = nats://loopback
"""
MCU_CONF = """
[mcu]
type = janus
url = ws://{host}:{janus_port}/
"""
TLS_CONF = """
[https]
listen = {host}:{port}
certificate = {pem}
key = {pem}
"""

JANUS_CONF = """
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{plugins}"
  transports_folder = "{transports}"
  events_folder = "{folder}"
  loggers_folder = "{folder}"
  admin_secret = "{secret}"
  debug_level = 4
  log_to_stdout = true
}}
media: {{ rtp_port_range = "{rtp_ports}" }}
nat: {{ full_trickle = true }}
certificates: {{ rsa_private_key = {rsa} }}
plugins: {{ disable = "{disabled}" }}
transports: {{ disable = "libjanus_http.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_rabbitmq.so" }}
"""

JANUS_WEBSOCKETS = """
general: {{ json = "compact"; ws = true; ws_port = {port}; ws_ip = "{host}"; wss = false }}
admin: {{ admin_ws = false; admin_wss = false }}
"""


def hpb_binary() -> str | None:
    """Path of the HPB's server program."""
    return next(filter(None, map(shutil.which, HPB_NAMES)), None)


def available() -> str | None:
    """None if both programs are there, else what is missing."""
    if hpb_binary() is None:
        return "nextcloud-spreed-signaling"
    if shutil.which("janus") is None:
        return "janus"
    return None


class RealHpb:
    """The real HPB and Janus, as `async with`, for one Nextcloud stand-in."""

    description = "the real one, with Janus"

    def __init__(
        self,
        backend_url: str,
        backend_secret: str,
        *,
        rsa: bool = False,
        janus: bool = True,
        certificate: Path | None = None,
    ) -> None:
        """`certificate` is a PEM file with its key, for a second, TLS port."""
        self._rsa = rsa
        self._has_janus = janus
        self._certificate = certificate
        self.internal_secret = secrets.token_hex(16)
        self._backend_url = backend_url
        self._backend_secret = backend_secret
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """As it goes into LT_HPB_URL."""
        return f"http://{HOST}:{self._port}"

    @property
    def tls_url(self) -> str:
        """The port that has `certificate`."""
        return f"https://{HOST}:{self._tls_port}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._port, self._tls_port, janus_port = free_ports(3)
            if self._has_janus:
                command = _janus_command(folder, janus_port, rsa=self._rsa)
                janus = Program(command, folder / "janus")
                stack.push_async_callback(janus.stop)
                await janus.start()
                await wait_for_port(janus_port, janus)
            self._hpb = Program(self._hpb_command(folder, janus_port), folder / "hpb")
            stack.push_async_callback(self._hpb.stop)
            await self._start_hpb()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def restart(self) -> None:
        """Kill the HPB and start it anew: all sessions are gone."""
        await self._hpb.stop(signal.SIGKILL)
        await self._start_hpb()

    async def _start_hpb(self) -> None:
        await self._hpb.start()
        await wait_for_port(self._port, self._hpb)
        async with httpx.AsyncClient(timeout=5.0) as client:
            response = await client.get(f"{self.url}/api/v1/welcome")
            response.raise_for_status()

    def _hpb_command(self, folder: Path, janus_port: int) -> list[str]:
        text = HPB_CONF
        if self._has_janus:
            text += MCU_CONF
        if self._certificate is not None:
            text += TLS_CONF.format(
                host=HOST, port=self._tls_port, pem=self._certificate
            )
        config = folder / "server.conf"
        config.write_text(
            text.format(
                host=HOST,
                port=self._port,
                hash_key=secrets.token_hex(16),
                block_key=secrets.token_hex(16),
                internal_secret=self.internal_secret,
                backend_url=self._backend_url,
                backend_secret=self._backend_secret,
                janus_port=janus_port,
            )
        )
        return [hpb_binary() or HPB_NAMES[0], "-config", str(config)]


def _janus_command(folder: Path, port: int, *, rsa: bool) -> list[str]:
    library = next(JANUS_PLUGINS.glob("*/janus"))
    plugins = library / "plugins"
    others = sorted(
        path.name for path in plugins.glob("*.so") if "videoroom" not in path.name
    )
    first_rtp_port = 20_000 + port % 20_000
    (folder / "janus.jcfg").write_text(
        JANUS_CONF.format(
            folder=folder,
            plugins=plugins,
            transports=library / "transports",
            secret=secrets.token_hex(8),
            rsa=str(rsa).lower(),
            rtp_ports=f"{first_rtp_port}-{first_rtp_port + 2000}",
            disabled=",".join(others),
        )
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
    (folder / "janus.transport.websockets.jcfg").write_text(
        JANUS_WEBSOCKETS.format(host=HOST, port=port)
    )
    return ["janus", "--configs-folder", str(folder)]
