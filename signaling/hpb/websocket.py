# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The websocket to the HPB: opened, written to and closed in bounded time."""

import asyncio
import logging
import ssl
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from signaling.config import HpbConfig
from signaling.hpb.state import State

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"Participant lists of large rooms; the HPB has no limit of its own."
USER_AGENT = "live_transcription"
FAILURES = (OSError, TimeoutError, WebSocketException, UnicodeError)
"All that opening and using a websocket can raise; a UnicodeError is a bad host name."

# The library writes whole frames to its debug log: secrets and spoken words.
_library_logger = logging.getLogger(f"{__name__}.library")
_library_logger.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things with the HPB may take, in seconds."""

    open_s: float = 10.0
    hello_s: float = 10.0
    "From the open socket to the hello reply."
    join_s: float = 15.0
    "From there into the room; the HPB itself allows 10 s for a join."
    send_s: float = 10.0
    ping_s: float = 20.0
    "Between our pings, and for the answer to each."
    leave_s: float = 2.0
    "For the last captions, `bye` and the closing handshake together."
    close_s: float = 1.0
    "For the closing handshake alone."

    def limit_s(self, state: State) -> float | None:
        """How long the protocol may stay in a state; None is for ever."""
        return {State.HELLO_SENT: self.hello_s, State.JOINING: self.join_s}.get(state)


def tls_context(config: HpbConfig) -> ssl.SSLContext | None:
    """Certificates are verified unless the operator has said otherwise."""
    if not config.url.startswith("wss:"):
        return None
    context = ssl.create_default_context()
    if not config.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def open_websocket(
    config: HpbConfig, tls: ssl.SSLContext | None, timing: Timing
) -> ClientConnection:
    """An open connection; raises one of `FAILURES`."""
    return await connect(
        config.url,
        ssl=tls,
        logger=_library_logger,
        user_agent_header=USER_AGENT,
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        open_timeout=timing.open_s,
        close_timeout=timing.close_s,
        ping_interval=timing.ping_s,
        ping_timeout=timing.ping_s,
    )


async def send_text(socket: ClientConnection, text: str, timing: Timing) -> bool:
    """Write one message; False if the connection is gone, which the reader explains."""
    try:
        async with asyncio.timeout(timing.send_s):
            await socket.send(text)
    except ConnectionClosed:
        return False
    except TimeoutError:
        socket.transport.abort()  # a peer that takes nothing is gone
        await socket.wait_closed()
        return False
    return True


async def close_websocket(socket: ClientConnection, timing: Timing) -> None:
    """Close politely if the peer plays along, else by force."""
    try:
        async with asyncio.timeout(timing.close_s):
            await socket.close()
    except TimeoutError:
        pass  # a peer that takes nothing does not even let us say goodbye
    finally:
        socket.transport.abort()


def say_why(error: BaseException) -> str:
    """One line about a failure; never the URL, which may hold credentials."""
    match error:
        case ConnectionClosed(rcvd=None):
            return "the connection broke"
        case ConnectionClosed():
            return f"connection closed ({error.rcvd and error.rcvd.code})"
        case InvalidURI():
            return "LT_HPB_URL is no websocket address"
        case TimeoutError():
            return "no answer in time"
        case UnicodeError():
            return "LT_HPB_URL has no valid host name"
        case _:
            return str(error) or type(error).__name__
