# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A simulated High-Performance Backend on a real socket, with real WebRTC behind it.

For machines without the real one, and for faults the real one cannot be told to have.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
import time
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from devkit.hpb_rooms import HpbRooms
from devkit.hpb_session import Session, error, participants_event, room_event
from devkit.listening import listen
from devkit.nextcloud import NextcloudStandIn
from devkit.program import HOST

logger = logging.getLogger(__name__)

FEATURES = ["audio-video-permissions", "incall-all", "mcu", "welcome"]
MAX_MESSAGE_BYTES = 64 * 1024
RESUME_WINDOW_S = 30.0


class SimulatedHpb(HpbRooms):
    """Used as `async with`, like `RealHpb`."""

    description = "simulated (the real one is not installed)"

    def __init__(self, nextcloud: NextcloudStandIn) -> None:
        super().__init__(nextcloud)
        self.internal_secret = secrets.token_hex(16)
        self.resume_window_s = RESUME_WINDOW_S
        self._port = 0
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        """As it goes into LT_HPB_URL."""
        return f"http://{HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes(
            [
                web.get("/spreed", self._connect),
                web.get("/api/v1/welcome", self._welcome),
                web.post("/api/v1/room/{room_token}", self._notification),
            ]
        )
        await self._tasks.__aenter__()
        self._runner, self._port = await listen(application, shutdown_timeout_s=1.0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        await self.restart()
        await self._runner.cleanup()
        await self._tasks.__aexit__(kind, error, traceback)

    async def restart(self) -> None:
        """Forget all sessions without a word, as a restart does."""
        sessions, self._sessions = self._sessions, {}
        self._users.clear()
        for session in sessions.values():
            await session.close_media()
            if session.socket is not None and not session.socket.closed:
                await session.socket.close()

    def cut(self, session_id: str) -> None:
        """Drop one client's TCP connection."""
        socket = self._sessions[session_id].socket
        if socket is not None and socket._req is not None:
            transport = socket._req.transport
            if transport is not None:
                transport.abort()

    def internal_sessions(self) -> list[Session]:
        """The internal clients that are known now."""
        return [session for session in self._sessions.values() if session.internal]

    # --- Connections --------------------------------------------------------------

    async def _welcome(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"nextcloud-spreed-signaling": "Welcome", "version": "simulated"}
        )

    async def _connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE_BYTES, compress=False)
        await socket.prepare(request)
        welcome = {"features": FEATURES, "version": "simulated"}
        await socket.send_json({"type": "welcome", "welcome": welcome})
        session: Session | None = None
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                await socket.send_json(error(None, "invalid_format"))
                continue
            message = json.loads(frame.data)
            if session is None:
                session = await self._hello(socket, message)
            elif await self._handle(session, message):
                return socket
        if session is not None and session.socket is socket:
            session.socket, session.lost_s = None, time.monotonic()
            self._tasks.create_task(self._expire(session))
        return socket

    async def _expire(self, session: Session) -> None:
        """Forget a session that nobody resumes."""
        try:
            async with asyncio.timeout(self.resume_window_s):
                await self._closing.wait()
        except TimeoutError:
            logger.debug("Nobody has resumed %s", session.session_id)
        if session.socket is None and self._sessions.get(session.session_id) is session:
            await self._end(session)

    async def _hello(
        self, socket: web.WebSocketResponse, message: dict[str, Any]
    ) -> Session | None:
        hello, request_id = message.get("hello", {}), message.get("id")
        if message.get("type") != "hello":
            await socket.send_json(error(request_id, "hello_expected"))
            return None
        if "resumeid" in hello:
            return await self._resume(socket, request_id, hello["resumeid"])
        session = self._sign_in(hello)
        if session is None:
            await socket.send_json(error(request_id, "invalid_token"))
            return None
        session.socket = socket
        self._sessions[session.session_id] = session
        await session.send(_hello_reply(request_id, session))
        return session

    async def _resume(
        self, socket: web.WebSocketResponse, request_id: Any, resume_id: str
    ) -> Session | None:
        for session in self._sessions.values():
            if session.resume_id == resume_id:
                session.socket, session.lost_s = socket, None
                await socket.send_json(_hello_reply(request_id, session))
                await session.send_waiting()
                if session.room_token:
                    await session.send(self._participants(session.room_token))
                return session
        await socket.send_json(error(request_id, "no_such_session"))
        return None

    def _sign_in(self, hello: dict[str, Any]) -> Session | None:
        auth = hello.get("auth", {})
        params = auth.get("params", {})
        features = tuple(hello.get("features", ()))
        if auth.get("type") == "internal":
            random, token = params.get("random", ""), params.get("token", "")
            key = self.internal_secret.encode()
            expected = hmac.new(key, random.encode(), hashlib.sha256).hexdigest()
            if len(random) < 32 or not hmac.compare_digest(token, expected):
                return None
            in_call = 0 if "internal-incall" in features else 3
            return Session(internal=True, features=features, in_call=in_call)
        answer = self._nextcloud.answer_backend({"type": "auth", "auth": auth})
        user = answer["auth"]
        name = user["user"]["displayname"]
        return Session(internal=False, user_id=user["userid"], display_name=name)

    # --- From Nextcloud -----------------------------------------------------------

    async def _notification(self, request: web.Request) -> web.Response:
        body = await request.read()
        random = request.headers.get("Spreed-Signaling-Random", "")
        checksum = request.headers.get("Spreed-Signaling-Checksum", "")
        if not self._nextcloud.is_checksum(checksum, random, body):
            return web.json_response({}, status=403)
        room_token = request.match_info["room_token"]
        match json.loads(body):
            case {"type": "incall", "incall": {"all": True, "incall": flags}}:
                self._users.pop(room_token, None)
                event = participants_event(room_token, {"incall": flags, "all": True})
                for session in self._in_room(room_token):
                    await session.send(event)
            case {"type": "incall", "incall": {"users": users, "changed": changed}}:
                self._users[room_token] = users
                await self._publish_participants(room_token, changed)
            case {"type": "delete"}:
                for session in self._in_room(room_token):
                    await session.send(room_event("delete", {}))
        return web.json_response({})


def _hello_reply(request_id: Any, session: Session) -> dict[str, Any]:
    server = {"features": [*FEATURES, "virtual-sessions"], "version": "simulated"}
    hello = {
        "version": "1.0",
        "sessionid": session.session_id,
        "resumeid": session.resume_id,
        "userid": session.user_id,
        "server": server,
    }
    return {"id": request_id, "type": "hello", "hello": hello}
