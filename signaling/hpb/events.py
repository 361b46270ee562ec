# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the signaling protocol tells its user, one frozen dataclass each. Pure."""

from dataclasses import dataclass

from signaling.errors import HpbError
from signaling.hpb.messages import (
    CallEnded,
    Candidate,
    Offer,
    OutgoingMessage,
    ParticipantsUpdate,
    SessionsJoined,
    SessionsLeft,
)


@dataclass(frozen=True, slots=True)
class Joined:
    """We are in the room; `resumed` means that nothing was lost."""

    session_id: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is lost, told once until `Joined`; media goes on meanwhile."""

    reason: str


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The HPB could not do what one message asked for."""

    message: OutgoingMessage
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The HPB will not have us, for now or for good; the protocol is closed."""

    error: HpbError


@dataclass(frozen=True, slots=True)
class ReconnectNeeded:
    """This connection is of no use any more."""

    reason: str
    at_once: bool = False
    "Nothing is wrong with the HPB: there is no need to pause."


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something odd that deserves a line for debugging."""

    what: str


Event = (
    Joined
    | Disconnected
    | RequestFailed
    | Refused
    | ReconnectNeeded
    | Noticed
    | SessionsJoined
    | SessionsLeft
    | ParticipantsUpdate
    | CallEnded
    | Offer
    | Candidate
)
