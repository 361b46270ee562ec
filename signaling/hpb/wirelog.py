"""Messages as a line of the debug log: without secrets, SDP or spoken words. Pure."""

from signaling.hpb.messages import (
    Answer,
    Candidate,
    HelloReply,
    IncomingMessage,
    Offer,
    OutgoingMessage,
    ParticipantsUpdate,
    SessionsJoined,
    SessionsLeft,
    Transcript,
)

MAX_CHARS = 300
MAX_LISTED = 12
"Participants shown of a long list."


def describe(message: IncomingMessage | OutgoingMessage) -> str:
    """One line of bounded length about a message.

    Hello and its reply hide their secrets in `repr` already; SDP and candidates (ICE
    passwords, relay addresses) and captions are replaced by their length.
    """
    match message:
        case HelloReply(session_id, _, _, version):
            text = f"HelloReply: session {session_id}, HPB {version}"
        case Transcript(recipient, speaker, text, language):
            text = f"Transcript: {len(text)} characters ({language}) of {speaker} to {recipient}"
        case Offer(session_id, offer_sid, sdp) | Answer(session_id, offer_sid, sdp):
            kind = type(message).__name__
            text = f"{kind}: {session_id}, sid {offer_sid}, {len(sdp)} characters"
        case Candidate(session_id, offer_sid, candidate):
            text = (
                f"Candidate: {session_id}, sid {offer_sid}, {len(candidate)} characters"
            )
        case SessionsJoined(sessions):
            ids = (session.session_id for session in sessions[:MAX_LISTED])
            text = f"SessionsJoined: {len(sessions)}: {' '.join(ids)}"
        case SessionsLeft(session_ids):
            text = f"SessionsLeft: {len(session_ids)}: {' '.join(session_ids[:MAX_LISTED])}"
        case ParticipantsUpdate(participants):
            flags = (f"{p.session_id}={p.in_call}" for p in participants[:MAX_LISTED])
            text = f"ParticipantsUpdate: {len(participants)}: {' '.join(flags)}"
        case _:
            text = repr(message)
    return text[:MAX_CHARS]
