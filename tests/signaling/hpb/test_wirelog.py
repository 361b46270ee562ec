"""The debug log shows what goes over the wire, without secrets and spoken words."""

import pytest

from signaling.hpb.messages import (
    Answer,
    Candidate,
    Hello,
    IncomingMessage,
    OutgoingMessage,
    ParticipantsUpdate,
    RequestOffer,
    Resume,
    SessionsLeft,
    Transcript,
    parse,
)
from signaling.hpb.wirelog import MAX_CHARS, MAX_LISTED, describe
from tests.signaling.hpb.wire import ME, NAMES, SPEAKER, VIEWER, recorded

SECRETS = (f"resume-{ME}", "ice-pwd", "192.0.2.2", "Alice")


@pytest.mark.parametrize("name", NAMES)
def test_recorded_message_is_one_harmless_line(name: str) -> None:
    """Names of people, addresses and ICE passwords stay out as well."""
    line = describe(parse(recorded(name)))
    assert 0 < len(line) <= MAX_CHARS
    assert "\n" not in line
    assert not [secret for secret in SECRETS if secret in line]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            Transcript("V", "S", "hello there", "en"),
            "Transcript: 11 characters (en) of S to V",
        ),
        (Answer("S", "47", "v=0\r\n"), "Answer: S, sid 47, 5 characters"),
        (
            Candidate("S", "47", "candidate:1", "0", 0),
            "Candidate: S, sid 47, 11 characters",
        ),
        (Resume("secret"), "Resume()"),
        (Hello("random", "token", "https://c"), "Hello(backend='https://c')"),
        (RequestOffer("S"), "RequestOffer(session_id='S', offer_sid='')"),
        (SessionsLeft(("A", "B")), "SessionsLeft: 2: A B"),
        (
            parse(recorded("participants_update_joined_with_audio")),
            f"ParticipantsUpdate: 3: {SPEAKER}=3 {VIEWER}=1 {ME}=1",
        ),
        (
            parse(recorded("hello_reply")),
            f"HelloReply: session {ME}, HPB 2.0.2-2+b2.debian",
        ),
    ],
)
def test_line_says_what_matters(
    message: IncomingMessage | OutgoingMessage, line: str
) -> None:
    """Sessions, flags and sizes are what one looks for."""
    assert describe(message) == line


def test_long_lists_are_cut() -> None:
    """A thousand participants do not fill the log."""
    update = parse(recorded("participants_update_joined_with_audio"))
    assert isinstance(update, ParticipantsUpdate)
    line = describe(ParticipantsUpdate(update.participants * 1000))
    assert line.startswith("ParticipantsUpdate: 3000: ")
    assert line.count("=") == MAX_LISTED
    assert len(describe(SessionsLeft(("S" * 500,)))) == MAX_CHARS
