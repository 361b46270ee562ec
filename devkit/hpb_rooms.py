# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The rooms of the simulated HPB: who is in them and what goes between people."""

import asyncio
import time
from typing import Any

from devkit.hpb_media import Publisher, Subscriber
from devkit.hpb_session import (
    Session,
    data_message,
    error,
    participants_event,
    room_event,
)
from devkit.nextcloud import NextcloudStandIn

MCU_TIMEOUT_S = 10.0
ROOM_TYPES = ("audio", "video", "screen")


class HpbRooms:
    """Joins, leaves, messages, offers; connections are `SimulatedHpb`'s part."""

    def __init__(self, nextcloud: NextcloudStandIn) -> None:
        self.mcu_timeout_s = MCU_TIMEOUT_S
        self._nextcloud = nextcloud
        self._sessions: dict[str, Session] = {}
        self._users: dict[str, list[dict[str, Any]]] = {}
        "Room token -> who is in the call, as Nextcloud said last."
        self._tasks = asyncio.TaskGroup()

    async def _end(self, session: Session) -> None:
        self._sessions.pop(session.session_id, None)
        await session.close_media()
        await self._leave(session)

    async def _handle(self, session: Session, message: dict[str, Any]) -> bool:
        """One message of a client; True if it said bye."""
        request_id = message.get("id")
        match message:
            case {"type": "bye"}:
                await session.send({"id": request_id, "type": "bye", "bye": {}})
                socket, session.socket = session.socket, None
                await self._end(session)
                if socket is not None:
                    await socket.close()
                return True
            case {"type": "room", "room": room}:
                await self._room(session, request_id, room)
            case {"type": "internal", "internal": {"incall": {"incall": flags}}}:
                session.in_call = flags
                await self._publish_participants(session.room_token)
            case {"type": "message", "message": {"recipient": to, "data": data}}:
                await self._message(session, request_id, to, data)
            case _:
                await session.send(error(request_id, "invalid_format"))
        return False

    async def _room(
        self, session: Session, request_id: Any, room: dict[str, Any]
    ) -> None:
        room_token = room.get("roomid", "")
        session.joins += 1
        if room_token and session.room_token == room_token:
            details = {"room": {"roomid": room_token}}
            await session.send(error(request_id, "already_joined", details=details))
            return
        if not session.internal:
            request = {**room, "userid": session.user_id}
            answer = self._nextcloud.answer_backend({"type": "room", "room": request})
            if answer["type"] == "error":
                await session.send(error(request_id, "no_such_room"))
                return
        others = self._in_room(room_token)
        session.room_token = room_token
        session.room_session_id = room.get("sessionid", "")
        reply = {"roomid": room_token, "properties": {"name": room_token}}
        await session.send({"id": request_id, "type": "room", "room": reply})
        if others:
            entries = [other.joined_entry() for other in others]
            await session.send(room_event("join", entries))
        for other in self._in_room(room_token):
            await other.send(room_event("join", [session.joined_entry()]))
        if session.internal:
            await self._publish_participants(room_token)

    async def _leave(self, session: Session) -> None:
        room_token, session.room_token = session.room_token, ""
        if not room_token:
            return
        for other in self._in_room(room_token):
            await other.send(room_event("leave", [session.session_id]))
        if session.internal:
            await self._publish_participants(room_token)

    async def _message(
        self,
        session: Session,
        request_id: Any,
        to: dict[str, Any],
        data: dict[str, Any],
    ) -> None:
        """Media messages are for us, all others for the session they name."""
        kind = data.get("type")
        if not kind or data.get("roomType") not in ROOM_TYPES:
            await session.send(error(request_id, "invalid_format"))
            return
        peer_id = to.get("sessionid", "")
        if kind == "requestoffer":
            self._tasks.create_task(self._offer(session, request_id, peer_id))
        elif kind in ("offer", "answer", "candidate"):
            await self._media(session, request_id, peer_id, data)
        else:
            peer = self._sessions.get(peer_id)
            if peer is not None and peer is not session:
                await peer.send(data_message(session.session_id, data))

    async def _media(
        self, session: Session, request_id: Any, peer_id: str, data: dict[str, Any]
    ) -> None:
        payload = data.get("payload", {})
        if data["type"] == "offer" and peer_id == session.session_id:
            await self._publish(session, data)
            return
        subscriber = session.subscribers.get(peer_id)
        if subscriber is None or data.get("sid") not in ("", None, subscriber.sid):
            if peer_id != session.session_id:
                await session.send(error(request_id, "processing_failed"))
        elif data["type"] == "answer":
            await subscriber.take_answer(payload["sdp"])
        else:
            await subscriber.add_candidate(payload["candidate"]["candidate"])

    async def _publish(self, session: Session, data: dict[str, Any]) -> None:
        if session.publisher is not None:
            await session.publisher.close()
        session.publisher = Publisher()
        sdp = await session.publisher.answer(data["payload"]["sdp"])
        own = session.session_id
        reply = {
            "from": own,
            "to": own,
            "type": "answer",
            "roomType": "video",
            "sid": data.get("sid", ""),
            "payload": {"type": "answer", "sdp": sdp},
        }
        await session.send(data_message(own, reply))

    async def _offer(self, session: Session, request_id: Any, peer_id: str) -> None:
        """Wait for the publisher, then offer its audio and trickle the candidates."""
        publisher = await self._publisher(peer_id)
        if publisher is None:
            await session.send(error(request_id, "client_not_found"))
            return
        old = session.subscribers.pop(peer_id, None)
        if old is not None:
            await old.close()
        subscriber = session.subscribers[peer_id] = Subscriber(publisher)
        base = {
            "from": peer_id,
            "to": session.session_id,
            "roomType": "video",
            "sid": subscriber.sid,
        }
        offer = {"type": "offer", "sdp": await subscriber.offer()}
        data = {**base, "type": "offer", "payload": offer}
        await session.send(data_message(peer_id, data))
        for candidate in subscriber.candidates():
            payload = {"candidate": candidate}
            data = {**base, "type": "candidate", "payload": payload}
            await session.send(data_message(peer_id, data))

    async def _publisher(self, session_id: str) -> Publisher | None:
        limit_s = time.monotonic() + self.mcu_timeout_s
        while time.monotonic() < limit_s:
            peer = self._sessions.get(session_id)
            publisher = peer.publisher if peer is not None else None
            if publisher is not None and publisher.ready.is_set():
                return publisher
            await asyncio.sleep(0.05)
        return None

    async def _publish_participants(
        self, room_token: str, changed: list[dict[str, Any]] | None = None
    ) -> None:
        event = self._participants(room_token, changed)
        for session in self._in_room(room_token):
            await session.send(event)

    def _participants(
        self, room_token: str, changed: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """Nextcloud's lists with HPB session ids, and the internal clients."""
        own_ids = {
            session.room_session_id: session.session_id
            for session in self._in_room(room_token)
        }
        merged = {
            entry["nextcloudSessionId"]: entry
            for entry in (*self._users.get(room_token, []), *(changed or []))
        }
        users = [
            {**entry, "sessionId": own_ids[nextcloud_session_id]}
            for nextcloud_session_id, entry in merged.items()
            if nextcloud_session_id in own_ids
        ]
        users += [
            session.internal_entry()
            for session in self._in_room(room_token)
            if session.internal
        ]
        return participants_event(room_token, {"users": users})

    def _in_room(self, room_token: str) -> list[Session]:
        return [s for s in self._sessions.values() if s.room_token == room_token]
