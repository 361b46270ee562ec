# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One internal client at the HPB that enters no room, for as long as a check takes."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from signaling.config import HpbConfig
from signaling.errors import HpbUnavailableError
from signaling.hpb import websocket
from signaling.hpb.auth import hello_parameters
from signaling.hpb.messages import (
    Bye,
    ByeReceived,
    ErrorReply,
    HelloReply,
    Welcome,
    parse,
    serialise,
)
from signaling.hpb.websocket import Timing


@dataclass(frozen=True, slots=True)
class Greeting:
    """What came of saying hello."""

    code: str = ""
    "Of the HPB's refusal; empty if it lets us in."
    backend: str = ""
    "The URL it was said with last."
    refused: tuple[str, ...] = ()
    "URLs before it that the HPB does not know."
    session_id: str = ""
    version: str = ""
    features: frozenset[str] = field(default=frozenset(), repr=False)


@asynccontextmanager
async def opened(
    config: HpbConfig, timeout_s: float
) -> AsyncIterator[ClientConnection]:
    """A websocket on which nothing has been said yet.

    Raises `HpbUnavailableError`; also while it is used, if it breaks.
    """
    timing = Timing(open_s=timeout_s, close_s=0.5)
    socket = None
    try:
        socket = await websocket.open_websocket(
            config, websocket.tls_context(config), timing
        )
        yield socket
        async with asyncio.timeout(timing.close_s):
            await socket.send(serialise(Bye(), "bye"))
    except InvalidStatus as error:
        raise HpbUnavailableError(
            f"HTTP {error.response.status_code} in place of a websocket"
        ) from None
    except websocket.FAILURES as error:
        raise HpbUnavailableError(websocket.say_why(error)) from None
    finally:
        if socket is not None:
            await websocket.close_websocket(socket, timing)


async def greet(
    socket: ClientConnection, config: HpbConfig, timeout_s: float
) -> Greeting:
    """Say hello, with another backend URL only if the HPB does not know the first.

    That is as often as a call would say it, and each wrong one counts at the HPB.
    """
    features: frozenset[str] = frozenset()
    left = list(config.backends)
    backend = left.pop(0)
    refused: list[str] = []
    await _say_hello(socket, config, backend)
    async with asyncio.timeout(timeout_s):
        while True:
            match parse(str(await socket.recv())):
                case Welcome(welcome_features, _):
                    features |= welcome_features
                case HelloReply() as reply:
                    return Greeting(
                        backend=backend,
                        refused=tuple(refused),
                        session_id=reply.session_id,
                        version=reply.version,
                        features=features | reply.features,
                    )
                case ErrorReply(code="invalid_backend") if left:
                    refused.append(backend)
                    backend = left.pop(0)
                    await _say_hello(socket, config, backend)
                case ErrorReply(code=code):
                    return Greeting(code or "no code", backend, tuple(refused))
                case ByeReceived(reason):
                    return Greeting(reason or "bye", backend, tuple(refused))


@asynccontextmanager
async def session(
    config: HpbConfig, backend: str, timeout_s: float
) -> AsyncIterator[tuple[ClientConnection, str]]:
    """A session with credentials that are known to be good, and its id.

    Raises `HpbUnavailableError`.
    """
    known = replace(config, backends=(backend,))
    async with opened(known, timeout_s) as socket:
        greeting = await greet(socket, known, timeout_s)
        if greeting.code:
            raise HpbUnavailableError(f"the HPB refuses another hello: {greeting.code}")
        yield socket, greeting.session_id


async def _say_hello(socket: ClientConnection, config: HpbConfig, backend: str) -> None:
    hello = hello_parameters(config.secret, secrets.token_urlsafe(48), backend)
    await socket.send(serialise(hello, "hello"))
