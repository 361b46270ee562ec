# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The container's entry point and health check, run for real in each of the modes."""

import asyncio
import os
import signal
import stat
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from devkit.container import HARP_KEY, MODES, Container, Mode
from devkit.frpc import read_record
from devkit.image import ImageFiles
from devkit.nextcloud import NextcloudStandIn
from devkit.talk import AppCredentials
from tests.conftest import missing

pytestmark = pytest.mark.timeout(120)  # the first test installs the image's packages

UNPRIVILEGED = 10001
STOP_S = 5.0


@pytest.fixture
async def nextcloud() -> AsyncIterator[NextcloudStandIn]:
    """Somebody to ask whether we are enabled."""
    async with NextcloudStandIn(AppCredentials("0123456789abcdef" * 4)) as stand_in:
        yield stand_in


@pytest.fixture(params=MODES)
async def container(
    request: pytest.FixtureRequest,
    image: ImageFiles,
    nextcloud: NextcloudStandIn,
    open_folder: Path,
) -> AsyncIterator[Container]:
    """Made, not started; gone afterwards with all it has started."""
    mode: Mode = request.param
    container = Container(image, nextcloud, open_folder, mode, {})
    yield container
    await container.stop()
    assert not processes_of(container)


def processes_of(container: Container) -> list[psutil.Process]:
    """Whoever runs with this container's volume in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("APP_PERSISTENT_STORAGE") == str(
                container.folders.volume
            ):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again; 10 s at most."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - a program's state
            await asyncio.sleep(0.05)


async def heartbeat(container: Container) -> Any:
    """Through the tunnel, if there is one, as soon as it stands."""
    transport = httpx.AsyncHTTPTransport()
    async with asyncio.timeout(10), httpx.AsyncClient(transport=transport) as client:
        while True:
            try:
                response = await client.get(f"{container.url}/heartbeat")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return response.raise_for_status().json()


async def is_unhealthy(container: Container) -> bool:
    """The health check's other answer."""
    return not await container.healthy()


def bring_certificates(container: Container) -> None:
    """As HaRP does it: nobody but root may read them."""
    folder = Path(container.environment["HP_FRP_CERTIFICATES"])
    folder.mkdir()
    for name in ("client.crt", "client.key", "ca.crt"):
        (folder / name).write_text(name)
        (folder / name).chmod(0o600)


def only(mode: Mode) -> pytest.MarkDecorator:
    """Run a test of `container` in this mode only."""
    return pytest.mark.parametrize("container", [mode], indirect=True)


async def test_healthy_within_seconds_and_ended_by_sigterm(
    container: Container,
) -> None:
    """Up, reachable where Nextcloud looks, and gone with exit code 0."""
    assert not await container.healthy()
    await container.start()
    assert await container.wait_healthy() < 10.0
    assert await heartbeat(container) == {"status": "ok"}
    began_s = asyncio.get_running_loop().time()
    assert await container.stop() == 0, container.log
    assert asyncio.get_running_loop().time() - began_s < STOP_S
    assert not await container.healthy()
    assert "Traceback" not in container.log


async def test_nothing_runs_as_root_after_the_start(container: Container) -> None:
    """Started by root, it becomes somebody who may write to the volume only."""
    if not container.runs_as_root:
        missing("root, with whom a container starts,")
    await container.start()
    await container.wait_healthy()
    uids = {process.uids().effective for process in processes_of(container)}
    assert uids == {UNPRIVILEGED}
    database = container.folders.volume / "live_transcription.sqlite3"
    assert database.stat().st_uid == UNPRIVILEGED
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


@pytest.mark.parametrize("after_s", [0.0, 0.1, 1.0])
@only("harp")
async def test_stopped_at_once_and_started_again(
    container: Container, after_s: float
) -> None:
    """AppAPI's certificate step: whenever the stop comes, it is obeyed in silence."""
    await container.start()
    await asyncio.sleep(after_s)
    code = await container.stop()
    # Before the shell has read its first line nobody can catch a signal.
    assert code == 0 or (after_s == 0.0 and code == -signal.SIGTERM), container.log
    await container.start()
    await container.wait_healthy()


@only("harp")
async def test_frpc_is_configured_as_harp_wants_it(container: Container) -> None:
    """TLS with HaRP's certificates, the token, the socket file; nobody else reads it."""
    bring_certificates(container)
    await container.start()
    await container.wait_healthy()
    started = read_record(container.folders.frpc_record)[0]
    assert started["mode"] == "0o600"
    assert started["uid"] == (UNPRIVILEGED if container.runs_as_root else os.getuid())
    config = started["config"]
    assert config["serverAddr"] == "harp.example.com"
    assert config["serverPort"] == 8782
    assert config["loginFailExit"] is False
    assert config["metadatas"] == {"token": HARP_KEY}
    tls = config["transport"]["tls"]
    assert tls["enable"] is True
    assert tls["serverName"] == "harp.nc"
    for key in ("certFile", "keyFile", "trustedCaFile"):
        assert os.stat(tls[key]).st_uid == started["uid"]
    (proxy,) = config["proxies"]
    assert proxy == {
        "name": "live_transcription",
        "type": "tcp",
        "remotePort": container.port,
        "plugin": {
            "type": "unix_domain_socket",
            "unixPath": container.environment["HP_EXAPP_SOCK"],
        },
    }
    assert HARP_KEY not in container.log


@only("harp")
async def test_frpc_without_certificates_uses_no_tls(container: Container) -> None:
    await container.start()
    await container.wait_healthy()
    config = tomllib.loads((container.folders.run / "frpc.toml").read_text())
    assert config["transport"]["tls"] == {"enable": False}


@only("harp")
async def test_killed_frpc_comes_back(container: Container) -> None:
    """Unhealthy while it is away, and the app goes on."""
    await container.start()
    await container.wait_healthy()
    app = [p.pid for p in processes_of(container) if "serve" in p.cmdline()]
    pid = int((container.folders.run / "frpc.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    await until(lambda: is_unhealthy(container))
    await container.wait_healthy()

    async def is_back() -> bool:
        """It tells of itself a moment after it is there."""
        return container.frpc_events() == ["started", "started"]

    await until(is_back)
    assert app == [p.pid for p in processes_of(container) if "serve" in p.cmdline()]
    assert "frpc ended with code 137; starting it again in 1 s" in container.log
    await container.stop()
    assert container.frpc_events() == ["started", "started", "terminated"]


@only("direct")
async def test_unhealthy_when_the_app_hangs(container: Container) -> None:
    """A process that exists is not a process that answers."""
    await container.start()
    await container.wait_healthy()
    (app,) = [p for p in processes_of(container) if "serve" in p.cmdline()]
    app.suspend()
    try:
        assert not await container.healthy()
    finally:
        app.resume()
    assert await container.healthy()


@pytest.mark.parametrize("container", ["direct", "harp"], indirect=True)
async def test_the_apps_end_is_the_containers_end(container: Container) -> None:
    """Docker restarts what ends with an error; frpc does not keep it alive."""
    await container.start()
    await container.wait_healthy()
    (app,) = [p for p in processes_of(container) if "serve" in p.cmdline()]
    app.kill()
    assert await container.wait() == 137


@only("direct")
async def test_wrong_setting_ends_the_start_with_its_name(container: Container) -> None:
    container.environment["LT_STT_WIRE"] = "tin-can"
    await container.start()
    assert await container.wait() == 1
    assert "LT_STT_WIRE must be one of" in container.log


@only("harp")
async def test_other_commands_need_no_tunnel(container: Container) -> None:
    """`docker run … start.sh check`, or a worker container."""
    await container.start("check")
    assert await container.wait() == 0
    assert container.frpc_events() == []


@only("direct")
async def test_first_process_of_a_pid_namespace_obeys(
    container: Container, image: ImageFiles
) -> None:
    """In a container it is process 1, to which other rules of signals apply."""
    unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    trial = await asyncio.create_subprocess_exec(*unshare, "true")
    if await trial.wait():
        missing("the right to make a PID namespace")
    script = image.app / "appinfo" / "start.sh"
    process = await asyncio.create_subprocess_exec(
        *unshare,
        sys.executable,
        "-c",
        # Process 1 of the namespace; its parent forwards SIGTERM to it.
        f"import os; os.execv({str(script)!r}, [{str(script)!r}])",
        env=container.environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await until(container.healthy)
    (shell,) = psutil.Process(process.pid).children()
    shell.send_signal(signal.SIGTERM)
    async with asyncio.timeout(STOP_S):
        assert await process.wait() == 0
