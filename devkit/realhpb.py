"""Starts the real High-Performance Backend and Janus, where they are installed."""

import asyncio
import ctypes
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

HOST = "127.0.0.1"
HPB_NAMES = ("nextcloud-spreed-signaling-server", "nextcloud-spreed-signaling")
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
LOG_TAIL_CHARS = 1500
PR_SET_PDEATHSIG = 1
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
[mcu]
type = janus
url = ws://{host}:{janus_port}/
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


class Program:
    """A child process that ends with us, with its output in a file."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_die_with_parent,
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.returncode is None

    def tail(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-LOG_TAIL_CHARS:]

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, by force if it does not end by itself."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class RealHpb:
    """The real HPB and Janus, as `async with`, for one Nextcloud stand-in."""

    name = "real"

    def __init__(self, backend_url: str, backend_secret: str) -> None:
        self.internal_secret = secrets.token_hex(16)
        self._backend_url = backend_url
        self._backend_secret = backend_secret
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """As it goes into LT_HPB_URL."""
        return f"http://{HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self._port, janus_port = free_ports(2)
            self._janus = Program(_janus_command(folder, janus_port), folder / "janus")
            self._hpb = Program(self._hpb_command(folder, janus_port), folder / "hpb")
            for program in (self._janus, self._hpb):
                stack.push_async_callback(program.stop)
            await self._janus.start()
            await _wait_for_port(janus_port, self._janus)
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
        await _wait_for_port(self._port, self._hpb)
        async with httpx.AsyncClient(timeout=5.0) as client:
            response = await client.get(f"{self.url}/api/v1/welcome")
            response.raise_for_status()

    def _hpb_command(self, folder: Path, janus_port: int) -> list[str]:
        config = folder / "server.conf"
        config.write_text(
            HPB_CONF.format(
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


def _janus_command(folder: Path, port: int) -> list[str]:
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
            rtp_ports=f"{first_rtp_port}-{first_rtp_port + 2000}",
            disabled=",".join(others),
        )
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
    (folder / "janus.transport.websockets.jcfg").write_text(
        JANUS_WEBSOCKETS.format(host=HOST, port=port)
    )
    return ["janus", "--configs-folder", str(folder)]


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; they may be taken before they are used."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


async def _wait_for_port(port: int, program: Program) -> None:
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
