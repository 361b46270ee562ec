# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages we send to the HPB. Pure."""

import json
from dataclasses import dataclass, field
from typing import Any

from signaling.errors import MessageTooLargeError

MAX_MESSAGE_BYTES = 64 * 1024
"The HPB closes the connection over anything larger."
MAX_CAPTION_CHARS = 500
NICK = "live_transcription"
HELLO_VERSION = "1.0"
"""2.0 differs only in how ordinary clients sign in, with a signed token. An internal
client's hello is the same in both, and every server that ever was understands 1.0."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Full hello of an internal client."""

    random: str = field(repr=False)
    token: str = field(repr=False)
    backend: str

    def body(self) -> dict[str, Any]:
        """`internal-incall` keeps us from counting as a speaker until we say so."""
        params = {"random": self.random, "token": self.token, "backend": self.backend}
        return {
            "type": "hello",
            "hello": {
                "version": HELLO_VERSION,
                "features": ["internal-incall"],
                "auth": {"type": "internal", "params": params},
            },
        }


@dataclass(frozen=True, slots=True)
class Resume:
    """Short hello that takes up a session after a lost connection."""

    resume_id: str = field(repr=False)

    def body(self) -> dict[str, Any]:
        """Nothing but the resume id."""
        return {
            "type": "hello",
            "hello": {"version": HELLO_VERSION, "resumeid": self.resume_id},
        }


@dataclass(frozen=True, slots=True)
class JoinRoom:
    """Enter the room of a Talk conversation."""

    room_token: str
    session_id: str
    "Any unique text; our own HPB session id."

    def body(self) -> dict[str, Any]:
        """An unknown token makes an empty room instead of an error."""
        room = {"roomid": self.room_token, "sessionid": self.session_id}
        return {"type": "room", "room": room}


@dataclass(frozen=True, slots=True)
class SetInCall:
    """Our own flags in the call: 1 in call, 2 audio, 4 video, 8 phone."""

    flags: int

    def body(self) -> dict[str, Any]:
        """Never answered."""
        incall = {"type": "incall", "incall": {"incall": self.flags}}
        return {"type": "internal", "internal": incall}


@dataclass(frozen=True, slots=True)
class RequestOffer:
    """Ask for a publisher's stream; with the current `sid` it renegotiates."""

    session_id: str
    offer_sid: str = ""

    def body(self) -> dict[str, Any]:
        """`video` is the stream of camera and microphone, also without a camera."""
        data = {"type": "requestoffer", "roomType": "video"}
        if self.offer_sid:
            data["sid"] = self.offer_sid
        return _to_session(self.session_id, data)


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer to an offer; the `sid` must be the offer's."""

    session_id: str
    offer_sid: str
    sdp: str = field(repr=False)

    def body(self) -> dict[str, Any]:
        """Our candidates are in the SDP."""
        payload = {"type": "answer", "sdp": self.sdp, "nick": NICK}
        return _media(self.session_id, "answer", self.offer_sid, payload)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One ICE candidate of either side."""

    session_id: str
    offer_sid: str
    candidate: str = field(repr=False)
    sdp_mid: str
    sdp_mline_index: int

    def body(self) -> dict[str, Any]:
        """W3C RTCIceCandidateInit below `candidate`."""
        candidate = {
            "candidate": self.candidate,
            "sdpMid": self.sdp_mid,
            "sdpMLineIndex": self.sdp_mline_index,
        }
        payload = {"candidate": candidate}
        return _media(self.session_id, "candidate", self.offer_sid, payload)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A caption for one recipient, as Talk renders it: appended, never replaced."""

    recipient: str
    speaker: str
    text: str = field(repr=False)
    language: str

    def body(self) -> dict[str, Any]:
        """HPB up to 1.2.4 delivers nothing without `roomType`; Talk ignores it."""
        data = {
            "type": "transcript",
            "roomType": "video",
            "message": self.text[:MAX_CAPTION_CHARS],
            "langId": self.language,
            "final": True,
            "speakerSessionId": self.speaker,
        }
        return _to_session(self.recipient, data)


@dataclass(frozen=True, slots=True)
class Bye:
    """Leave for good: the HPB forgets the session at once."""

    def body(self) -> dict[str, Any]:
        """Answered by a `bye`."""
        return {"type": "bye", "bye": {}}


OutgoingMessage = (
    Hello
    | Resume
    | JoinRoom
    | SetInCall
    | RequestOffer
    | Answer
    | Candidate
    | Transcript
    | Bye
)


def serialise(message: OutgoingMessage, request_id: str) -> str:
    """The message as JSON text of less than 64 KiB, else `MessageTooLargeError`."""
    body = {"id": request_id, **message.body()}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    # Lone surrogates, which only broken text holds, have no UTF-8 form.
    encoded = text.encode("utf-8", "replace")
    if len(encoded) >= MAX_MESSAGE_BYTES:
        raise MessageTooLargeError(
            f"{type(message).__name__} of {len(encoded)} bytes for the HPB"
        )
    return encoded.decode()


def _to_session(session_id: str, data: dict[str, Any]) -> dict[str, Any]:
    recipient = {"type": "session", "sessionid": session_id}
    return {"type": "message", "message": {"recipient": recipient, "data": data}}


def _media(
    session_id: str, kind: str, offer_sid: str, payload: dict[str, Any]
) -> dict[str, Any]:
    data = {
        "to": session_id,
        "type": kind,
        "roomType": "video",
        "sid": offer_sid,
        "payload": payload,
    }
    return _to_session(session_id, data)
