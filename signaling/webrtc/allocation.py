# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A TURN server tried out: whether it relays for these credentials."""

import asyncio
import re
import time
from contextlib import suppress

from aioice import stun, turn
from aiortc.rtcicetransport import parse_stun_turn_uri

from signaling.config import IceServer

GIVE_BACK_S = 1.0


class AllocationError(Exception):
    """The server does not relay for us; the text holds no credential."""


class CredentialsError(AllocationError):
    """It answers, and refuses the credentials."""


async def allocate(server: IceServer, url: str) -> str:
    """Allocate a relay and give it back; returns its address.

    Raises `AllocationError`, and `TimeoutError` of the caller's time-out.
    """
    try:
        where = parse_stun_turn_uri(url)
    except ValueError:
        raise AllocationError("it is no STUN or TURN address") from None
    try:
        transport, relay = await turn.create_turn_endpoint(
            _Relay,
            server_addr=(where["host"], where["port"]),
            username=server.username,
            password=server.credential,
            ssl=where["scheme"] == "turns",
            transport=where.get("transport", "udp"),
        )
    except stun.TransactionTimeout:
        raise AllocationError("it does not answer") from None
    except stun.TransactionFailed as error:
        code = error.response.attributes.get("ERROR-CODE", (0, ""))[0]
        kind = CredentialsError if code in (401, 403, 438, 441) else AllocationError
        raise kind(f"it refuses us (STUN error {code})") from None
    except (OSError, ValueError) as error:
        raise AllocationError(f"no connection ({type(error).__name__})") from None
    address, port = transport.get_extra_info("sockname")
    transport.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(GIVE_BACK_S):
            await relay.given_back.wait()
    return f"{address}:{port}"


def expired_for_s(server: IceServer, now_s: float | None = None) -> float:
    """Seconds since time-limited credentials ended; 0 for those that have not.

    Their user name begins with when they end (draft-uberti-behave-turn-rest-00).
    """
    found = re.match(r"(\d{9,11})(:|$)", server.username)
    if found is None:
        return 0.0
    now_s = time.time() if now_s is None else now_s
    return max(0.0, now_s - int(found.group(1)))


class _Relay(asyncio.DatagramProtocol):
    """Takes what is relayed, which is nothing."""

    def __init__(self) -> None:
        self.given_back = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has forgotten it."""
        self.given_back.set()
