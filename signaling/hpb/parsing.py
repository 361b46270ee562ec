# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""JSON text of the HPB -> message; never raises, never keeps a peer's dictionary. Pure.

What comes out is bounded and printable: ids that cannot be ids count as absent, texts
are cut, and only SDP may hold line breaks. So nothing that the HPB or a participant
made up can break a log line, a database column or the size limit of our own messages.
"""

import json
from collections.abc import Callable
from typing import Any, TypeGuard

from signaling.hpb.incoming import (
    ByeReceived,
    CallEnded,
    ErrorReply,
    HelloReply,
    Ignored,
    IncomingMessage,
    Malformed,
    Offer,
    Participant,
    ParticipantsUpdate,
    RoomReply,
    RoomSession,
    SessionsJoined,
    SessionsLeft,
    Welcome,
)
from signaling.hpb.outgoing import Candidate

MAX_SESSIONS = 10_000
"Entries of one list that are read; a Talk room is far smaller."
MAX_ID_CHARS = 1024
"Session ids of old servers have some 200 characters."
MAX_WORD_CHARS = 40
MAX_TEXT_CHARS = 200
MAX_SDP_CHARS = 64 * 1024
MAX_FEATURES = 200
MAX_MLINES = 1000
FEDERATED_PREFIX = "federated|"


def parse(text: str) -> IncomingMessage:
    """One message as the HPB sent it; whatever is wrong with it becomes a value."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Malformed("not JSON")
    if not isinstance(body, dict):
        return Malformed("not an object")
    kind = _text(body, "type", MAX_WORD_CHARS)
    parser = _PARSERS.get(kind)
    if parser is None:
        return Ignored(kind or "no type")
    return parser(body)


def plain_session_id(nextcloud_session_id: str) -> str:
    """A Nextcloud session id without the mark of a federated HPB."""
    return nextcloud_session_id.removeprefix(FEDERATED_PREFIX)


# --- Fields: the value if it is what it should be, else an empty one ----------------


def _object(body: dict[str, Any], key: str) -> dict[str, Any]:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def _list(body: dict[str, Any], key: str, limit: int = MAX_SESSIONS) -> list[Any]:
    value = body.get(key)
    return value[:limit] if isinstance(value, list) else []


def _id(body: dict[str, Any], key: str) -> str:
    """An opaque id; never cut, as half an id is another one."""
    value = body.get(key)
    return value if _is_id(value) else ""


def _is_id(value: object) -> TypeGuard[str]:
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_ID_CHARS
        and value.isprintable()
    )


def _text(body: dict[str, Any], key: str, limit: int = MAX_TEXT_CHARS) -> str:
    """Text for people: cut; control characters and lone surrogates become blanks."""
    value = body.get(key)
    if not isinstance(value, str):
        return ""
    return "".join(char if char.isprintable() else " " for char in value[:limit])


def _features(body: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        feature
        for feature in _list(body, "features", MAX_FEATURES)
        if isinstance(feature, str) and len(feature) <= MAX_WORD_CHARS
    )


def _flags(value: Any) -> int | None:
    """`inCall` as a number or a boolean; anything else is unknown."""
    if isinstance(value, int) and 0 <= value < 2**31:
        return int(value)
    return None


# --- Messages by type ---------------------------------------------------------------


def _welcome(body: dict[str, Any]) -> IncomingMessage:
    welcome = _object(body, "welcome")
    return Welcome(_features(welcome), _text(welcome, "version", MAX_WORD_CHARS))


def _hello(body: dict[str, Any]) -> IncomingMessage:
    hello = _object(body, "hello")
    server = _object(hello, "server")
    session_id = _id(hello, "sessionid")
    if not session_id:
        return Malformed("hello without a session id")
    return HelloReply(
        session_id,
        _id(hello, "resumeid"),
        _features(server),
        _text(server, "version", MAX_WORD_CHARS),
    )


def _room(body: dict[str, Any]) -> IncomingMessage:
    return RoomReply(_id(_object(body, "room"), "roomid"))


def _error(body: dict[str, Any]) -> IncomingMessage:
    error = _object(body, "error")
    room = _object(_object(error, "details"), "room")
    return ErrorReply(
        _id(body, "id"),
        _text(error, "code", MAX_WORD_CHARS),
        _text(error, "message"),
        _id(room, "roomid"),
    )


def _bye(body: dict[str, Any]) -> IncomingMessage:
    return ByeReceived(_text(_object(body, "bye"), "reason", MAX_WORD_CHARS))


def _event(body: dict[str, Any]) -> IncomingMessage:
    event = _object(body, "event")
    target = _text(event, "target", MAX_WORD_CHARS)
    kind = _text(event, "type", MAX_WORD_CHARS)
    if target == "room" and kind == "join":
        entries = (_room_session(entry) for entry in _list(event, "join"))
        return SessionsJoined(tuple(entry for entry in entries if entry is not None))
    if target == "room" and kind == "leave":
        return SessionsLeft(tuple(filter(_is_id, _list(event, "leave"))))
    if target == "room" and kind == "delete":
        return CallEnded("the room was deleted")
    if target == "participants" and kind == "update":
        return _participants(_object(event, "update"))
    return Ignored(f"event {target}/{kind}")


def _room_session(entry: Any) -> RoomSession | None:
    if not isinstance(entry, dict) or not _id(entry, "sessionid"):
        return None
    return RoomSession(
        session_id=_id(entry, "sessionid"),
        nextcloud_session_id=plain_session_id(_id(entry, "roomsessionid")),
        user_id=_text(entry, "userid"),
        display_name=_text(_object(entry, "user"), "displayname"),
        # The only mark of an internal client here; older servers leave it out, and
        # the participants update says it then.
        internal="internal-incall" in _features(entry),
        federated=entry.get("federated") is True,
    )


def _participants(update: dict[str, Any]) -> IncomingMessage:
    if update.get("all") is True:
        if _flags(update.get("incall")) == 0:
            return CallEnded("the call was ended for everyone")
        return Ignored("flags for everyone")
    entries = (_participant(entry) for entry in _list(update, "users"))
    return ParticipantsUpdate(tuple(entry for entry in entries if entry is not None))


def _participant(entry: Any) -> Participant | None:
    if not isinstance(entry, dict) or not _id(entry, "sessionId"):
        return None
    return Participant(
        session_id=_id(entry, "sessionId"),
        nextcloud_session_id=plain_session_id(_id(entry, "nextcloudSessionId")),
        user_id=_text(entry, "userId"),
        in_call=_flags(entry.get("inCall")),
        internal=entry.get("internal") is True,
        virtual=entry.get("virtual") is True,
    )


def _message(body: dict[str, Any]) -> IncomingMessage:
    message = _object(body, "message")
    data = _object(message, "data")
    kind = _text(data, "type", MAX_WORD_CHARS)
    # `screen` is another stream of the same publisher, sometimes offered unasked.
    if kind not in ("offer", "candidate") or data.get("roomType") != "video":
        return Ignored(f"message {kind}")
    sender = _id(_object(message, "sender"), "sessionid")
    if not sender:
        return Malformed(f"{kind} without a sender")
    payload = _object(data, "payload")
    if kind == "offer":
        return _offer(sender, _id(data, "sid"), payload.get("sdp"))
    return _candidate(sender, _id(data, "sid"), _object(payload, "candidate"))


def _offer(sender: str, offer_sid: str, sdp: object) -> IncomingMessage:
    if not isinstance(sdp, str) or not 0 < len(sdp) <= MAX_SDP_CHARS:
        return Malformed("offer without an SDP of sensible size")
    return Offer(sender, offer_sid, sdp.encode("utf-8", "replace").decode())


def _candidate(sender: str, offer_sid: str, body: dict[str, Any]) -> IncomingMessage:
    """W3C RTCIceCandidateInit; an empty candidate is legal and ends the list."""
    index = _flags(body.get("sdpMLineIndex")) or 0
    return Candidate(
        sender,
        offer_sid,
        _id(body, "candidate"),
        _id(body, "sdpMid"),
        index if index < MAX_MLINES else 0,
    )


_PARSERS: dict[str, Callable[[dict[str, Any]], IncomingMessage]] = {
    "welcome": _welcome,
    "hello": _hello,
    "room": _room,
    "error": _error,
    "bye": _bye,
    "event": _event,
    "message": _message,
}
