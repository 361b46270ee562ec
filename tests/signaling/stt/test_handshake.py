# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Opening a socket: what each failure means, and that nothing secret gets out."""

import asyncio
import logging
import socket

import pytest
from websockets.http11 import Request, Response

from signaling.config import SttConfig
from signaling.errors import (
    SttCapacityError,
    SttError,
    SttRefusedError,
    SttUnavailableError,
)
from signaling.stt.handshake import open_socket
from tests.signaling.stt.server import (
    QUICK,
    SECRET,
    Peer,
    SttServer,
    status,
    stt_server,
)


async def listen(peer: Peer) -> None:
    """Take everything, say nothing."""
    await peer.until_closed()


async def failure(config: SttConfig) -> SttError:
    """The error that connecting raises."""
    with pytest.raises(SttError) as caught:
        await open_socket(config, QUICK)
    return caught.value


async def connect_and_leave(stt: SttServer) -> None:
    """One good handshake."""
    connection = await open_socket(stt.config(), QUICK)
    await connection.close()


async def test_credentials_go_out_in_headers_and_compression_is_off() -> None:
    """The headers of the configuration, and no permessage-deflate."""
    async with stt_server(listen) as stt:
        await connect_and_leave(stt)
    (request,) = stt.requests
    assert request.headers["Modal-Key"] == "key"
    assert request.headers["Modal-Secret"] == SECRET
    assert "Sec-WebSocket-Extensions" not in request.headers


@pytest.mark.parametrize(
    ("code", "wire", "settings"),
    [
        (401, "modal-pcm", ("MODAL_KEY", "MODAL_SECRET")),
        (403, "modal-opus", ("MODAL_KEY", "MODAL_SECRET")),
        (401, "moshi", ("LT_STT_API_KEY",)),
        (403, "moshi", ("LT_STT_API_KEY",)),
        (404, "modal-pcm", ("LT_STT_URL", "MODAL_WORKSPACE")),
    ],
)
async def test_refusal_names_the_setting_to_look_at(
    code: int, wire: str, settings: tuple[str, ...]
) -> None:
    """Only another configuration helps, and the operator reads which."""
    async with stt_server(listen, answer=status(code)) as stt:
        error = await failure(stt.config(wire))
    assert isinstance(error, SttRefusedError)
    assert not error.retryable
    assert str(code) in str(error)
    assert all(setting in str(error) for setting in settings)


@pytest.mark.parametrize("code", [500, 502, 503])
async def test_other_statuses_pass(code: int) -> None:
    """A container that fails today may work in a minute."""
    async with stt_server(listen, answer=status(code)) as stt:
        error = await failure(stt.config())
    assert isinstance(error, SttUnavailableError)
    assert str(code) in str(error)


async def test_status_can_say_that_the_service_is_full() -> None:
    """Then the longer pauses are in place."""
    async with stt_server(listen, answer=status(429)) as stt:
        error = await failure(stt.config())
    assert isinstance(error, SttCapacityError)
    assert "429" in str(error)


async def test_no_answer_ends_in_the_configured_time() -> None:
    """A cold container may take its time, but not for ever."""

    async def never(_: Request) -> Response | None:
        await asyncio.sleep(1.0)
        return None

    async with stt_server(listen, answer=never) as stt:
        error = await failure(stt.config(connect_timeout_s=0.1))
    assert isinstance(error, SttUnavailableError)
    assert "in time" in str(error)


async def test_closed_port_can_be_retried() -> None:
    """Nobody listens there now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = await failure(SttConfig(f"ws://127.0.0.1:{port}/", "modal-pcm"))
    assert isinstance(error, SttUnavailableError)


async def test_peer_that_speaks_no_http_can_be_retried() -> None:
    """Whatever it is, it may be gone later."""

    async def babble(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"\x00\xff garbage\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(SttConfig(f"ws://127.0.0.1:{port}/", "modal-pcm"))
    assert isinstance(error, SttUnavailableError)


@pytest.mark.parametrize(
    "url", ["ftp://host/", "host", "", "ws://", "ws://[half", "ws://host:99999/"]
)
async def test_wrong_address_is_refused_without_being_shown(url: str) -> None:
    """No attempt is made; the setting is named, its value is not."""
    error = await failure(SttConfig(url.replace("host", SECRET), "modal-pcm"))
    assert isinstance(error, SttRefusedError)
    assert "LT_STT_URL" in str(error)
    assert SECRET not in str(error)


async def test_redirect_to_another_origin_gets_no_credentials() -> None:
    """The headers would go along to a host that the operator has not chosen."""
    async with stt_server(listen) as elsewhere:
        location = f"ws://127.0.0.1:{elsewhere.port}/v1/stream"
        async with stt_server(listen, answer=status(307, Location=location)) as stt:
            error = await failure(stt.config())
    assert isinstance(error, SttUnavailableError)
    assert "307" in str(error)
    assert elsewhere.requests == []


async def test_redirect_within_the_origin_is_followed() -> None:
    """A service may move within its own host."""

    async def answer(request: Request) -> Response | None:
        moved = status(307, Location="/moved")
        return None if request.path == "/moved" else await moved(request)

    async with stt_server(listen, answer=answer) as stt:
        await connect_and_leave(stt)
    assert stt.requests[-1].path == "/moved"
    assert stt.requests[-1].headers["Modal-Secret"] == SECRET


@pytest.mark.parametrize("code", [None, 401, 404, 500, 307])
async def test_nothing_secret_is_logged_or_raised(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    code: int | None,
) -> None:
    """Not even where everything is logged: headers, query, user part of the URL."""
    caplog.set_level(logging.DEBUG)
    # The library's logger as it is for an operator who wants to see everything.
    caplog.set_level(logging.DEBUG, "websockets.client")
    monkeypatch.setattr(logging.getLogger("websockets.client"), "disabled", False)
    answer = status(code, Location=f"ws://{SECRET}:1/") if code else None
    async with stt_server(listen, answer=answer) as stt:
        if code is None:
            await connect_and_leave(stt)
        else:
            error = await failure(stt.config())
            assert SECRET not in repr(error)
            assert error.__suppress_context__
    ours = [r.getMessage() for r in caplog.records if r.name != "websockets.server"]
    assert SECRET not in "\n".join(ours)
