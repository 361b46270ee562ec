# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A STUN and TURN server on loopback that answers, and lets nobody allocate anything.

To TURN clients that is a server whose credentials have expired.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aioice import stun

from devkit.program import HOST

Reply = Callable[[stun.Message], bytes | None]


def polite(request: stun.Message) -> bytes:
    """Binding: here you are. Allocate: your credentials, please; and no others."""
    is_allocation = request.message_method == stun.Method.ALLOCATE
    kind = stun.Class.ERROR if is_allocation else stun.Class.RESPONSE
    answer = stun.Message(request.message_method, kind, request.transaction_id)
    if is_allocation:
        answer.attributes["ERROR-CODE"] = (401, "Unauthorized")
        answer.attributes["REALM"] = "devkit"
        answer.attributes["NONCE"] = b"once"
    else:
        answer.attributes["XOR-MAPPED-ADDRESS"] = (HOST, 9)
    return bytes(answer)


class StunServer(asyncio.DatagramProtocol):
    """Used as `async with`; what it answers is up to `reply`."""

    def __init__(self, reply: Reply = polite) -> None:
        self._reply = reply
        self._transport: Any = None
        self.port = 0
        self.asked: list[stun.Message] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport.close()
        await asyncio.sleep(0)

    def url(self, scheme: str) -> str:
        """As Talk's settings would name it."""
        return f"{scheme}:{HOST}:{self.port}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It listens."""
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Somebody asks."""
        self.asked.append(stun.parse_message(data))
        answer = self._reply(self.asked[-1])
        if answer is not None:
            self._transport.sendto(answer, addr)
