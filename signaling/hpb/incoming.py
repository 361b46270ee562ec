# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages the HPB sends, one frozen dataclass each. Pure."""

from dataclasses import dataclass, field

from signaling.hpb.outgoing import Candidate


@dataclass(frozen=True, slots=True)
class Welcome:
    """First message on a connection; features for ordinary clients."""

    features: frozenset[str] = field(repr=False)
    version: str


@dataclass(frozen=True, slots=True)
class HelloReply:
    """We have a session; the resume id is a secret."""

    session_id: str
    resume_id: str = field(repr=False)
    features: frozenset[str] = field(repr=False)
    version: str


@dataclass(frozen=True, slots=True)
class RoomReply:
    """We are in a room, or in none if the token is empty."""

    room_token: str


@dataclass(frozen=True, slots=True)
class RoomSession:
    """A session that entered the room, in the call or not."""

    session_id: str
    nextcloud_session_id: str
    user_id: str
    display_name: str
    internal: bool
    federated: bool


@dataclass(frozen=True, slots=True)
class SessionsJoined:
    """Sessions entered the room; after our own join, those already there."""

    sessions: tuple[RoomSession, ...]


@dataclass(frozen=True, slots=True)
class SessionsLeft:
    """Sessions left the room."""

    session_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Participant:
    """A participant's flags: 1 in call, 2 audio, 4 video, 8 phone."""

    session_id: str
    nextcloud_session_id: str
    user_id: str
    in_call: int | None
    "None: not said, what is known stays."
    internal: bool
    virtual: bool


@dataclass(frozen=True, slots=True)
class ParticipantsUpdate:
    """Some participants as they are now; absence means nothing."""

    participants: tuple[Participant, ...]


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The call is over for everyone, or the room is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A publisher's stream is offered to us."""

    session_id: str
    offer_sid: str
    sdp: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error; with the id of the request it answers, if it answers one."""

    request_id: str
    code: str
    message: str
    room_token: str = ""
    "With `already_joined`: the room we are in."


@dataclass(frozen=True, slots=True)
class ByeReceived:
    """The HPB ends the session."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A well-formed message that means nothing to us."""

    what: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not a message at all."""

    why: str


IncomingMessage = (
    Welcome
    | HelloReply
    | RoomReply
    | SessionsJoined
    | SessionsLeft
    | ParticipantsUpdate
    | CallEnded
    | Offer
    | Candidate
    | ErrorReply
    | ByeReceived
    | Ignored
    | Malformed
)
