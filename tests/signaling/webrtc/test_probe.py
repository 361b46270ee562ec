# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""STUN and TURN servers that do not answer are left out, within a second."""

import asyncio
import logging
import time

import pytest
from aioice import stun

from devkit.program import HOST, free_ports
from devkit.stun import StunServer, polite
from signaling.config import IceServer
from signaling.webrtc.probe import answering, answers


def silent(request: stun.Message) -> None:
    """As a firewall would have it."""


@pytest.mark.parametrize(
    ("scheme", "method"),
    [("stun", stun.Method.BINDING), ("turn", stun.Method.ALLOCATE)],
)
async def test_a_server_that_answers_is_kept(scheme: str, method: stun.Method) -> None:
    """STUN with an address, TURN with the wish for credentials."""
    async with StunServer() as server:
        assert await answers(server.url(scheme))
        assert server.asked[0].message_method == method


async def test_a_lost_packet_is_sent_again() -> None:
    """The first question may get lost, and so may the second."""
    asked: list[stun.Message] = []

    def third_time(request: stun.Message) -> bytes | None:
        asked.append(request)
        return polite(request) if len(asked) == 3 else None

    async with StunServer(third_time) as server:
        assert await answers(server.url("stun"))


async def test_silence_closed_ports_and_garbage_are_no_answer() -> None:
    """And none takes longer than the second it is given."""
    async with (
        StunServer(silent) as nobody,
        StunServer(lambda request: b"HTTP/1.1 400 Bad Request\r\n\r\n") as rubbish,
    ):
        began_s = time.monotonic()
        urls = [
            nobody.url("stun"),
            rubbish.url("stun"),
            f"stun:{HOST}:{free_ports(1)[0]}",
        ]
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
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without their credentials; servers without any URL left go altogether."""
    async with StunServer() as server, StunServer(silent) as nobody:
        alive, dead = server.url("turn"), nobody.url("turn")
        with caplog.at_level(logging.WARNING):
            kept = await answering(
                [
                    IceServer((dead,), "user", "secret"),
                    IceServer((dead, alive), "u", "s"),
                ]
            )
    assert kept == (IceServer((alive,), "u", "s"),)
    assert caplog.messages == [f"{dead} does not answer: going without it"]
    assert await answering([]) == ()


async def test_no_more_servers_are_asked_than_anybody_has() -> None:
    """A hostile list opens no thousand sockets."""
    async with StunServer() as server:
        alive = server.url("stun")
        dead = tuple(f"stun:{HOST}:{port}" for port in range(1, 999))
        assert await answering([IceServer((*dead, alive))]) == ()
        assert await answering([IceServer((alive, *dead))]) == (IceServer((alive,)),)
