# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""STUN and TURN servers that do not answer are left out, within a second."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import pytest
from aioice import stun

from signaling.config import IceServer
from signaling.webrtc.probe import answering, answers

HOST = "127.0.0.1"
Reply = Callable[[stun.Message], bytes | None]


class StunServer(asyncio.DatagramProtocol):
    """Answers as STUN and TURN servers do those who bring no credentials."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.asked: list[stun.Message] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(stun.parse_message(data))
        answer = self._reply(self.asked[-1])
        if answer is not None:
            self.transport.sendto(answer, addr)


Serve = Callable[[Reply], Awaitable[StunServer]]


def polite(request: stun.Message) -> bytes:
    """Binding: here you are. Allocate: who are you?"""
    is_allocation = request.message_method == stun.Method.ALLOCATE
    kind = stun.Class.ERROR if is_allocation else stun.Class.RESPONSE
    answer = stun.Message(request.message_method, kind, request.transaction_id)
    if is_allocation:
        answer.attributes["ERROR-CODE"] = (401, "Unauthorized")
    return bytes(answer)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers on loopback."""
    servers = []

    async def start(reply: Reply) -> StunServer:
        loop = asyncio.get_running_loop()
        _, server = await loop.create_datagram_endpoint(
            lambda: StunServer(reply), local_addr=(HOST, 0)
        )
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.transport.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("scheme", ["stun", "turn"])
async def test_a_server_that_answers_is_kept(serve: Serve, scheme: str) -> None:
    """STUN with an address, TURN with the wish for credentials."""
    server = await serve(polite)
    assert await answers(f"{scheme}:{HOST}:{server.port}")
    expected = stun.Method.ALLOCATE if scheme == "turn" else stun.Method.BINDING
    assert server.asked[0].message_method == expected


async def test_a_lost_packet_is_sent_again(serve: Serve) -> None:
    """The first question may get lost, and so may the second."""
    asked = []

    def third_time(request: stun.Message) -> bytes | None:
        asked.append(request)
        return polite(request) if len(asked) == 3 else None

    server = await serve(third_time)
    assert await answers(f"stun:{HOST}:{server.port}")


async def test_silence_closed_ports_and_garbage_are_no_answer(serve: Serve) -> None:
    """And none takes longer than the second it is given."""
    silent = await serve(lambda request: None)
    rubbish = await serve(lambda request: b"HTTP/1.1 400 Bad Request\r\n\r\n")
    gone = await serve(polite)
    gone.transport.close()
    await asyncio.sleep(0)
    began_s = time.monotonic()
    urls = [f"stun:{HOST}:{server.port}" for server in (silent, rubbish, gone)]
    urls += ["turn:no-such-host.invalid:3478", "http://example.com", "stun:", ""]
    assert await asyncio.gather(*map(answers, urls)) == [False] * len(urls)
    assert time.monotonic() - began_s < 2.5


async def test_over_tcp_the_connection_says_enough() -> None:
    """TURN over TCP and TLS."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), HOST, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await answers(f"turn:{HOST}:{port}?transport=tcp")
        assert await answers(f"turns:{HOST}:{port}?transport=tcp")
    assert not await answers(f"turn:{HOST}:{port}?transport=tcp")


async def test_dead_urls_are_left_out_and_named(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Without their credentials; servers without any URL left go altogether."""
    server, silent = await serve(polite), await serve(lambda request: None)
    alive, dead = f"turn:{HOST}:{server.port}", f"turn:{HOST}:{silent.port}"
    with caplog.at_level(logging.WARNING):
        kept = await answering(
            [IceServer((dead,), "user", "secret"), IceServer((dead, alive), "u", "s")]
        )
    assert kept == (IceServer((alive,), "u", "s"),)
    assert caplog.messages == [f"{dead} does not answer: going without it"]
    assert await answering([]) == ()


async def test_no_more_servers_are_asked_than_anybody_has(serve: Serve) -> None:
    """A hostile list opens no thousand sockets."""
    server = await serve(polite)
    urls = [f"stun:{HOST}:{server.port}"] + [f"stun:{HOST}:{n}" for n in range(1, 999)]
    kept = await answering([IceServer((*urls[1:], urls[0]))])
    assert kept == ()
    kept = await answering([IceServer(tuple(urls))])
    assert kept == (IceServer((urls[0],)),)
