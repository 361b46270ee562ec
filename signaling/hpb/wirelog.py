# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages as a line of the debug log: without secrets, SDP or spoken words. Pure."""

from signaling.hpb.messages import (
    Answer,
    Candidate,
    HelloReply,
    IncomingMessage,
    JoinRoom,
    Offer,
    OutgoingMessage,
    ParticipantsUpdate,
    RequestOffer,
    SessionsJoined,
    SessionsLeft,
    Transcript,
)

MAX_CHARS = 300
MAX_LISTED = 12
"Participants shown of a long list."
SESSION_ID_CHARS = 8


def describe(message: IncomingMessage | OutgoingMessage) -> str:
    """One line of bounded length about a message.

    Hello and its reply hide their secrets in `repr` already; SDP and candidates (ICE
    passwords, relay addresses) and captions are replaced by their length.
    """
    kind = type(message).__name__
    match message:
        case HelloReply(session_id, _, _, version):
            text = f"{kind}: session {_short(session_id)}, HPB {version}"
        case JoinRoom(room_token, session_id):
            text = f"{kind}: {room_token} as {_short(session_id)}"
        case RequestOffer(session_id, offer_sid):
            text = f"{kind}: {_short(session_id)}, sid {offer_sid or 'new'}"
        case Transcript(recipient, speaker, words, language):
            way = f"{_short(speaker)} to {_short(recipient)}"
            text = f"{kind}: {len(words)} characters ({language}), {way}"
        case (
            Offer(session_id, offer_sid, content)
            | Answer(session_id, offer_sid, content)
            | Candidate(session_id, offer_sid, content)
        ):
            where = f"{_short(session_id)}, sid {offer_sid}"
            text = f"{kind}: {where}, {len(content)} characters"
        case SessionsJoined(sessions):
            text = _listed(kind, [_short(entry.session_id) for entry in sessions])
        case SessionsLeft(session_ids):
            text = _listed(kind, [_short(session_id) for session_id in session_ids])
        case ParticipantsUpdate(participants):
            flags = [f"{_short(p.session_id)}={p.in_call}" for p in participants]
            text = _listed(kind, flags)
        case _:
            text = repr(message)
    return text[:MAX_CHARS]


def _short(session_id: str) -> str:
    """Enough of an id to tell sessions apart; whole ones have up to 350 characters."""
    return session_id[:SESSION_ID_CHARS]


def _listed(kind: str, entries: list[str]) -> str:
    return f"{kind}: {len(entries)}: {' '.join(entries[:MAX_LISTED])}"
