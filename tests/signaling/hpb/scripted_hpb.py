# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A small HPB on a real localhost socket that does what a test tells it to.

It writes its JSON itself, so that it shares no fault with the code under test.
"""

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Body = dict[str, Any]
SECRET = "internal-secret"
BACKEND = "https://cloud.example.com"
FEATURES = ["mcu", "incall-all", "hello-v2"]
ERROR_TEXT = "refused by the script"


class ScriptedHpb:
    """As `async with`; attributes are the script and may change at any moment."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.secret = SECRET
        self.features = FEATURES
        self.hello_error = ""
        "Answer to every full hello, instead of a session."
        self.join_errors: list[str] = []
        "Answers to the next joins."
        self.silent = False
        "Accepts connections and says nothing."
        self.drops_inside = False
        "Breaks the connection of everybody who gets into the room."
        self.received: list[Body] = []
        self.connections = 0
        self.sessions: dict[str, str] = {}
        "Resume id -> session id."
        self._rooms: dict[str, str] = {}
        self._sockets: set[ServerConnection] = set()
        self._news = asyncio.Condition()
        self._tls = tls
        self.port = port
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """As it stands in the configuration."""
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://localhost:{self.port}/spreed"

    async def __aenter__(self) -> Self:
        server = await self._stack.enter_async_context(
            serve(
                self._serve,
                "127.0.0.1",
                self.port,
                ssl=self._tls,
                compression=None,
                ping_interval=None,
                max_size=64 * 1024,
                close_timeout=0.2,
            )
        )
        self.port = next(iter(server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cut()
        await self._stack.aclose()

    # --- What a test does ---------------------------------------------------------

    def cut(self) -> None:
        """Break all connections without a word; sessions are kept."""
        for socket in list(self._sockets):
            socket.transport.abort()

    def freeze(self) -> None:
        """Read nothing more from those who are connected: a link that is dead."""
        for socket in self._sockets:
            socket.transport.pause_reading()

    def restart(self) -> None:
        """Break all connections and forget all sessions."""
        self.sessions.clear()
        self._rooms.clear()
        self.cut()

    async def say(self, message: Body | str | bytes) -> None:
        """Send to everybody who is connected."""
        data = json.dumps(message) if isinstance(message, dict) else message
        for socket in list(self._sockets):
            await socket.send(data)

    def of(self, kind: str) -> list[Body]:
        """Messages received of one type; `data` types of messages count as well."""
        return [body for body in self.received if kind in kinds(body)]

    async def wait_for(self, kind: str, count: int = 1) -> Body:
        """Wait for so many messages of a type; the last of them."""
        await self.wait_until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that messages or connections can change."""
        async with asyncio.timeout(5.0), self._news:
            await self._news.wait_for(condition)

    # --- What it does by itself ---------------------------------------------------

    async def _serve(self, socket: ServerConnection) -> None:
        self.connections += 1
        self._sockets.add(socket)
        await self._tell()
        try:
            if not self.silent:
                welcome = {"features": self.features, "version": "2.0.2"}
                await send(socket, {"type": "welcome", "welcome": welcome})
            async for text in socket:
                body: Body = json.loads(text)
                self.received.append(body)
                if not self.silent:
                    await self._answer(socket, body)
                await self._tell()
        except ConnectionClosed:
            return
        finally:
            self._sockets.discard(socket)
            await self._tell()

    async def _answer(self, socket: ServerConnection, body: Body) -> None:
        match body["type"]:
            case "hello" if "resumeid" in body["hello"]:
                await self._resume(socket, body)
            case "hello":
                await self._hello(socket, body)
            case "room":
                await self._join(socket, body)
            case "bye":
                await send(socket, {"id": body["id"], "type": "bye"})

    async def _hello(self, socket: ServerConnection, body: Body) -> None:
        params = body["hello"]["auth"]["params"]
        expected = hmac.new(
            self.secret.encode(), params["random"].encode(), hashlib.sha256
        ).hexdigest()
        if self.hello_error:
            await send_error(socket, body, self.hello_error)
        elif len(params["random"]) < 32 or params["token"] != expected:
            await send_error(socket, body, "invalid_token")
        elif params["backend"] != BACKEND:
            await send_error(socket, body, "invalid_backend")
        else:
            number = len(self.received)
            self.sessions[f"resume-{number}"] = f"session-{number}"
            await self._greet(socket, body, f"resume-{number}")

    async def _resume(self, socket: ServerConnection, body: Body) -> None:
        resume_id = body["hello"]["resumeid"]
        if resume_id in self.sessions:
            await self._greet(socket, body, resume_id)
            self._drop(socket)
        else:
            await send_error(socket, body, "no_such_session")

    async def _greet(
        self, socket: ServerConnection, body: Body, resume_id: str
    ) -> None:
        server = {"features": self.features, "version": "2.0.2"}
        hello = {
            "version": "1.0",
            "sessionid": self.sessions[resume_id],
            "resumeid": resume_id,
            "userid": "",
            "server": server,
        }
        await send(socket, {"id": body["id"], "type": "hello", "hello": hello})

    async def _join(self, socket: ServerConnection, body: Body) -> None:
        session_id = body["room"]["sessionid"]
        if self.join_errors:
            await send_error(socket, body, self.join_errors.pop(0))
        elif session_id in self._rooms:
            await send_error(socket, body, "already_joined")
        else:
            self._rooms[session_id] = body["room"]["roomid"]
            room = {"roomid": body["room"]["roomid"], "properties": {}}
            await send(socket, {"id": body["id"], "type": "room", "room": room})
        self._drop(socket)

    def _drop(self, socket: ServerConnection) -> None:
        if self.drops_inside:
            socket.transport.close()  # what was written before still arrives

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


async def send(socket: ServerConnection, body: Body) -> None:
    """One message."""
    await socket.send(json.dumps(body))


async def send_error(socket: ServerConnection, body: Body, code: str) -> None:
    """Answer a message with an error."""
    error = {"code": code, "message": ERROR_TEXT}
    await send(socket, {"id": body["id"], "type": "error", "error": error})


def kinds(body: Body) -> set[str]:
    """`hello`, `room`, …; `resume` for a short hello; for messages also their data's."""
    found = {body["type"]}
    if "resumeid" in body.get("hello", {}):
        found = {"resume"}
    if body["type"] == "message":
        found.add(body["message"]["data"]["type"])
    return found
