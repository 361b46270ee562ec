# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Certificates are verified, failures are worded, and closing takes bounded time."""

import asyncio
import datetime as dt
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.exceptions import ConnectionClosedError, InvalidURI
from websockets.frames import Close
from websockets.utils import accept_key

from signaling.config import HpbConfig
from signaling.hpb.client import HpbClient
from signaling.hpb.events import Disconnected, Joined
from signaling.hpb.guard import HpbGuard
from signaling.hpb.state import State
from signaling.hpb.websocket import (
    FAILURES,
    Timing,
    close_websocket,
    open_websocket,
    say_why,
    send_text,
    tls_context,
)
from tests.signaling.hpb.scripted_hpb import BACKEND, SECRET, ScriptedHpb

SHORT = Timing(open_s=1.0, send_s=0.05, close_s=0.05)


def config(url: str, *, verify: bool = True) -> HpbConfig:
    """Configuration for an HPB at this address."""
    return HpbConfig(url, SECRET, (BACKEND,), verify)


@pytest.fixture(scope="module")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's context with a certificate nobody has signed."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.fixture
async def deaf_server() -> AsyncIterator[str]:
    """A websocket that opens and is never read from again."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(accept(request))
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await done.wait()
        writer.transport.abort()

    async with (
        asyncio.TaskGroup(),
        await asyncio.start_server(serve, "127.0.0.1", 0) as server,
    ):
        host, port = server.sockets[0].getsockname()[:2]
        yield f"ws://{host}:{port}/spreed"
        done.set()


def accept(request: bytes) -> bytes:
    """The handshake's answer, RFC 6455 section 4.2.2."""
    lines = request.decode().split("\r\n")
    key = next(line.split(": ")[1] for line in lines if "Sec-WebSocket-Key" in line)
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()


async def test_unsigned_certificate_is_refused(server_tls: ssl.SSLContext) -> None:
    """The operator reads why; nothing was said to the stranger."""
    async with ScriptedHpb(server_tls) as hpb, asyncio.TaskGroup() as tasks:
        client = HpbClient(config(hpb.url), "tok3n", HpbGuard())
        tasks.create_task(client.run())
        async with asyncio.timeout(5.0):
            lost = await client.events.get()
            await client.leave()
        assert hpb.received == []
    assert isinstance(lost, Disconnected)
    assert "CERTIFICATE_VERIFY_FAILED" in lost.reason


async def test_unsigned_certificate_passes_if_the_operator_says_so(
    server_tls: ssl.SSLContext,
) -> None:
    """For test systems."""
    async with ScriptedHpb(server_tls) as hpb, asyncio.TaskGroup() as tasks:
        client = HpbClient(config(hpb.url, verify=False), "tok3n", HpbGuard())
        tasks.create_task(client.run())
        async with asyncio.timeout(5.0):
            assert isinstance(await client.events.get(), Joined)
            await client.leave()


def test_tls_is_strict_unless_switched_off() -> None:
    """Plain websockets have none."""
    assert tls_context(config("ws://hpb/spreed")) is None
    strict = tls_context(config("wss://hpb/spreed"))
    loose = tls_context(config("wss://hpb/spreed", verify=False))
    assert strict is not None
    assert loose is not None
    assert strict.check_hostname
    assert strict.verify_mode is ssl.CERT_REQUIRED
    assert loose.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionClosedError(None, None), "the connection broke"),
        (ConnectionClosedError(Close(1012, ""), None), "connection closed (1012)"),
        (TimeoutError(), "no answer in time"),
        (InvalidURI("wss://user:pass@", "x"), "LT_HPB_URL is no websocket address"),
        (UnicodeError("label too long"), "LT_HPB_URL has no valid host name"),
        (ConnectionRefusedError(111, "refused"), "[Errno 111] refused"),
        (OSError(), "OSError"),
    ],
)
def test_failure_is_one_line_without_the_url(error: Exception, words: str) -> None:
    """The URL may hold credentials."""
    assert say_why(error) == words


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "wss:///spreed",
        "ws://" + "x" * 70 + ".example/spreed",
        "ws://a..b/spreed",
        "ws://127.0.0.1:1/spreed",
    ],
)
async def test_any_bad_address_is_an_ordinary_failure(url: str) -> None:
    """A wrong setting must not break the worker."""
    with pytest.raises(FAILURES) as info:
        await open_websocket(config(url), None, SHORT)
    assert say_why(info.value)


async def test_peer_that_takes_nothing_is_given_up(deaf_server: str) -> None:
    """Neither sending nor closing waits for ever."""
    socket = await open_websocket(config(deaf_server), None, SHORT)
    async with asyncio.timeout(2.0):
        while await send_text(socket, "x" * 60_000, SHORT):
            continue
        assert not await send_text(socket, "more", SHORT)
        await close_websocket(socket, SHORT)


async def test_peer_that_takes_nothing_cannot_hold_up_the_close(
    deaf_server: str,
) -> None:
    """The closing handshake needs room in the buffer too."""
    patient = Timing(send_s=5.0, close_s=0.05)
    socket = await open_websocket(config(deaf_server), None, patient)
    async with asyncio.timeout(2.0):
        async with asyncio.TaskGroup() as tasks:
            for _ in range(200):
                tasks.create_task(send_text(socket, "x" * 60_000, patient))
            await asyncio.sleep(0)
            await close_websocket(socket, patient)
            await socket.wait_closed()


def test_library_never_logs_frames() -> None:
    """They hold the hello's token and the captions' words."""
    logger = logging.getLogger("signaling.hpb.websocket.library")
    assert not logger.isEnabledFor(logging.DEBUG)


def test_phases_have_their_limits() -> None:
    """In the room there is none: pings notice a dead link."""
    timing = Timing()
    assert timing.limit_s(State.HELLO_SENT) == 10.0
    assert timing.limit_s(State.JOINING) == 15.0
    assert timing.limit_s(State.JOINED) is None
    assert (timing.ping_s, timing.leave_s) == (20.0, 2.0)
