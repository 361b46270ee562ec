# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages to and from the HPB, one frozen dataclass each; `parse` and `serialise`.

Source of the shapes: `docs/standalone-signaling-api-v1.md` of
strukturag/nextcloud-spreed-signaling.
"""

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
from signaling.hpb.outgoing import (
    Answer,
    Bye,
    Candidate,
    Hello,
    JoinRoom,
    OutgoingMessage,
    RequestOffer,
    Resume,
    SetInCall,
    Transcript,
    serialise,
)
from signaling.hpb.parsing import parse

__all__ = [
    "Answer",
    "Bye",
    "ByeReceived",
    "CallEnded",
    "Candidate",
    "ErrorReply",
    "Hello",
    "HelloReply",
    "Ignored",
    "IncomingMessage",
    "JoinRoom",
    "Malformed",
    "Offer",
    "OutgoingMessage",
    "Participant",
    "ParticipantsUpdate",
    "RequestOffer",
    "Resume",
    "RoomReply",
    "RoomSession",
    "SessionsJoined",
    "SessionsLeft",
    "SetInCall",
    "Transcript",
    "Welcome",
    "parse",
    "serialise",
]
