# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Which STUN and TURN servers answer at all.

One that does not holds up every answer to an offer by the 5 s for which aioice tries
it, and aiortc uses the first of a kind only, whether it works or not. So those that
are silent are left out.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aioice import stun
from aiortc.rtcicetransport import parse_stun_turn_uri

from signaling.config import IceServer

logger = logging.getLogger(__name__)

PROBE_S = 1.0
MAX_URLS = 32
"Talk's settings name a handful; further ones are left out unasked."
SEND_AGAIN_S = (0.0, 0.25, 0.5)
"UDP may lose a packet."
UDP_TRANSPORT = 0x11000000
"REQUESTED-TRANSPORT of UDP (RFC 8656 section 18.7)."


async def answering(
    servers: Sequence[IceServer], timeout_s: float = PROBE_S
) -> tuple[IceServer, ...]:
    """The servers with those of their URLs that answer; within `timeout_s`."""
    named = dict.fromkeys(url for server in servers for url in server.urls)
    urls = list(named)[:MAX_URLS]
    found = await asyncio.gather(*(answers(url, timeout_s) for url in urls))
    alive = {url for url, is_alive in zip(urls, found, strict=True) if is_alive}
    for url in urls:
        if url not in alive:
            logger.warning("%s does not answer: going without it", url)
    kept = (
        replace(server, urls=tuple(url for url in server.urls if url in alive))
        for server in servers
    )
    return tuple(server for server in kept if server.urls)


async def answers(url: str, timeout_s: float = PROBE_S) -> bool:
    """Whether a STUN or TURN server answers; False for a URL that is none.

    A TURN server is asked for an allocation without credentials: it refuses, and so
    shows that it is there. Over TCP and TLS the connection alone says enough.
    """
    try:
        server = parse_stun_turn_uri(url)
        async with asyncio.timeout(timeout_s):
            if server.get("transport") == "tcp":
                return await _accepts(server["host"], server["port"])
            return await _replies(server)
    except (OSError, TimeoutError, ValueError, UnicodeError):
        return False


async def _accepts(host: str, port: int) -> bool:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    return True


async def _replies(server: dict[str, Any]) -> bool:
    loop = asyncio.get_running_loop()
    transport, replies = await loop.create_datagram_endpoint(
        _Replies, remote_addr=(server["host"], server["port"])
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            request = bytes(_request(server["scheme"]))
            sending = tasks.create_task(_send(transport, request))
            await replies.came.wait()
            sending.cancel()
        return replies.is_stun
    finally:
        transport.close()


async def _send(transport: asyncio.DatagramTransport, request: bytes) -> None:
    for pause_s in SEND_AGAIN_S:
        await asyncio.sleep(pause_s)
        transport.sendto(request)


def _request(scheme: str) -> stun.Message:
    """A question that needs no credentials to be answered."""
    if scheme.startswith("turn"):
        request = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)
        request.attributes["REQUESTED-TRANSPORT"] = UDP_TRANSPORT
        return request
    return stun.Message(stun.Method.BINDING, stun.Class.REQUEST)


class _Replies(asyncio.DatagramProtocol):
    """Waits for one datagram, or for the news that nobody listens."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.is_stun = False

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            stun.parse_message(data)
        except ValueError:
            return
        self.is_stun = True
        self.came.set()

    def error_received(self, exc: Exception) -> None:
        self.came.set()
