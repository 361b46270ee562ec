# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Sessions of the simulated HPB, and the events about them."""

import itertools
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from devkit.hpb_media import Publisher, Subscriber

QUEUED_MESSAGES = 1000

_numbers = itertools.count(1)


def _new_id() -> str:
    return f"{next(_numbers)}-{secrets.token_urlsafe(24)}"


@dataclass(slots=True, eq=False)
class Session:
    """One client; outlives its connection for a while."""

    internal: bool
    user_id: str = ""
    display_name: str = ""
    features: tuple[str, ...] = ()
    session_id: str = field(default_factory=_new_id)
    resume_id: str = field(default_factory=_new_id)
    room_token: str = ""
    room_session_id: str = ""
    in_call: int = 0
    joins: int = 0
    "How often it asked to join a room."
    socket: web.WebSocketResponse | None = None
    lost_s: float | None = None
    "Monotonic time at which the connection was lost."
    waiting: deque[str] = field(default_factory=lambda: deque(maxlen=QUEUED_MESSAGES))
    publisher: Publisher | None = None
    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    "Publisher's session id -> peer connection."

    async def send(self, message: dict[str, Any]) -> None:
        """Send, or keep until the client is back."""
        text = json.dumps(message)
        if self.socket is None or self.socket.closed:
            self.waiting.append(text)
        else:
            await self.socket.send_str(text)

    async def send_waiting(self) -> None:
        """What came while the client was away."""
        while self.waiting and self.socket is not None:
            await self.socket.send_str(self.waiting.popleft())

    async def close_media(self) -> None:
        """End all peer connections."""
        for subscriber in self.subscribers.values():
            await subscriber.close()
        self.subscribers.clear()
        if self.publisher is not None:
            await self.publisher.close()
            self.publisher = None

    def joined_entry(self) -> dict[str, Any]:
        """Entry of a room's join event."""
        entry: dict[str, Any] = {
            "sessionid": self.session_id,
            "userid": self.user_id,
            "roomsessionid": self.room_session_id,
        }
        if self.display_name:
            entry["user"] = {"displayname": self.display_name}
        if self.features:
            entry["features"] = list(self.features)
        return entry

    def internal_entry(self) -> dict[str, Any]:
        """Entry of a participants event; Talk knows nothing of internal clients."""
        return {
            "sessionId": self.session_id,
            "inCall": self.in_call,
            "lastPing": int(time.time()),
            "internal": True,
            "features": list(self.features),
        }


def room_event(kind: str, content: Any) -> dict[str, Any]:
    """Event about who is in the room."""
    return {"type": "event", "event": {"target": "room", "type": kind, kind: content}}


def participants_event(room_token: str, update: dict[str, Any]) -> dict[str, Any]:
    """Event about who is in the call."""
    body = {"roomid": room_token, **update}
    return {
        "type": "event",
        "event": {"target": "participants", "type": "update", "update": body},
    }


def data_message(sender: str, data: dict[str, Any]) -> dict[str, Any]:
    """A message of one session to another."""
    return {
        "type": "message",
        "message": {"sender": {"type": "session", "sessionid": sender}, "data": data},
    }


def error(request_id: str | None, code: str, **details: Any) -> dict[str, Any]:
    """An error, with the id of the request it answers."""
    body: dict[str, Any] = {
        "type": "error",
        "error": {"code": code, "message": code.replace("_", " "), **details},
    }
    if request_id is not None:
        body["id"] = request_id
    return body
