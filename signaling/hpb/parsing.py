"""JSON text of the HPB -> message; never raises, never keeps a peer's dictionary. Pure."""

import json
from collections.abc import Callable
from typing import Any

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
FEDERATED_PREFIX = "federated|"


def parse(text: str) -> IncomingMessage:
    """One message as the HPB sent it; whatever is wrong with it becomes a value."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Malformed("not JSON")
    if not isinstance(body, dict):
        return Malformed("not an object")
    kind = _text(body, "type")
    parser = _PARSERS.get(kind)
    if parser is None:
        return Ignored(kind[:40] or "no type")
    return parser(body)


def _object(body: dict[str, Any], key: str) -> dict[str, Any]:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def _list(body: dict[str, Any], key: str) -> list[Any]:
    value = body.get(key)
    return value[:MAX_SESSIONS] if isinstance(value, list) else []


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _features(body: dict[str, Any]) -> frozenset[str]:
    return frozenset(f for f in _list(body, "features") if isinstance(f, str))


def _flags(value: Any) -> int | None:
    """`inCall` as a number or a boolean; anything else is unknown."""
    if isinstance(value, int) and 0 <= value < 2**31:
        return int(value)
    return None


def _welcome(body: dict[str, Any]) -> IncomingMessage:
    welcome = _object(body, "welcome")
    return Welcome(_features(welcome), _text(welcome, "version"))


def _hello(body: dict[str, Any]) -> IncomingMessage:
    hello = _object(body, "hello")
    server = _object(hello, "server")
    session_id = _text(hello, "sessionid")
    if not session_id:
        return Malformed("hello without a session id")
    return HelloReply(
        session_id,
        _text(hello, "resumeid"),
        _features(server),
        _text(server, "version"),
    )


def _room(body: dict[str, Any]) -> IncomingMessage:
    return RoomReply(_text(_object(body, "room"), "roomid"))


def _error(body: dict[str, Any]) -> IncomingMessage:
    error = _object(body, "error")
    room = _object(_object(error, "details"), "room")
    return ErrorReply(
        _text(body, "id"),
        _text(error, "code"),
        _text(error, "message")[:200],
        _text(room, "roomid"),
    )


def _bye(body: dict[str, Any]) -> IncomingMessage:
    return ByeReceived(_text(_object(body, "bye"), "reason"))


def _event(body: dict[str, Any]) -> IncomingMessage:
    event = _object(body, "event")
    target, kind = _text(event, "target"), _text(event, "type")
    if target == "room" and kind == "join":
        entries = (_room_session(entry) for entry in _list(event, "join"))
        return SessionsJoined(tuple(entry for entry in entries if entry is not None))
    if target == "room" and kind == "leave":
        left = _list(event, "leave")
        return SessionsLeft(tuple(entry for entry in left if isinstance(entry, str)))
    if target == "room" and kind == "delete":
        return CallEnded("the room was deleted")
    if target == "participants" and kind == "update":
        return _participants(_object(event, "update"))
    return Ignored(f"event {target[:20]}/{kind[:20]}")


def _room_session(entry: Any) -> RoomSession | None:
    if not isinstance(entry, dict) or not _text(entry, "sessionid"):
        return None
    return RoomSession(
        session_id=_text(entry, "sessionid"),
        nextcloud_session_id=_plain(_text(entry, "roomsessionid")),
        user_id=_text(entry, "userid"),
        display_name=_text(_object(entry, "user"), "displayname"),
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
    if not isinstance(entry, dict) or not _text(entry, "sessionId"):
        return None
    return Participant(
        session_id=_text(entry, "sessionId"),
        nextcloud_session_id=_plain(_text(entry, "nextcloudSessionId")),
        user_id=_text(entry, "userId"),
        in_call=_flags(entry.get("inCall")),
        internal=entry.get("internal") is True,
        virtual=entry.get("virtual") is True,
    )


def _plain(nextcloud_session_id: str) -> str:
    return nextcloud_session_id.removeprefix(FEDERATED_PREFIX)


def _message(body: dict[str, Any]) -> IncomingMessage:
    message = _object(body, "message")
    data = _object(message, "data")
    kind = _text(data, "type")
    sender = _text(_object(message, "sender"), "sessionid")
    if kind not in ("offer", "candidate") or _text(data, "roomType") != "video":
        return Ignored(f"message {kind[:20]}")
    payload = _object(data, "payload")
    if kind == "offer":
        if not sender or not _text(payload, "sdp"):
            return Malformed("offer without sender or SDP")
        return Offer(sender, _text(data, "sid"), _text(payload, "sdp"))
    return _candidate(sender, _text(data, "sid"), _object(payload, "candidate"))


def _candidate(sender: str, offer_sid: str, body: dict[str, Any]) -> IncomingMessage:
    index = body.get("sdpMLineIndex")
    return Candidate(
        sender,
        offer_sid,
        _text(body, "candidate"),
        _text(body, "sdpMid"),
        index if isinstance(index, int) and 0 <= index < 1000 else 0,
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
