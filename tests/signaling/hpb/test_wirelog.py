# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The debug log shows what goes over the wire, without secrets and spoken words."""

import pytest

from signaling.hpb.messages import (
    Answer,
    Candidate,
    Hello,
    IncomingMessage,
    JoinRoom,
    OutgoingMessage,
    ParticipantsUpdate,
    RequestOffer,
    Resume,
    SessionsLeft,
    Transcript,
    parse,
)
from signaling.hpb.wirelog import MAX_CHARS, MAX_LISTED, describe
from tests.signaling.hpb.wire import ME, NAMES, recorded

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
            Transcript("VIEWER789", "SPEAKER89", "hello there", "en"),
            "Transcript: 11 characters (en), SPEAKER8 to VIEWER78",
        ),
        (Answer("S", "47", "v=0\r\n"), "Answer: S, sid 47, 5 characters"),
        (
            Candidate("S", "47", "candidate:1", "0", 0),
            "Candidate: S, sid 47, 11 characters",
        ),
        (Resume("secret"), "Resume()"),
        (Hello("random", "token", "https://c"), "Hello(backend='https://c')"),
        (JoinRoom("tok3n", "SESSION89"), "JoinRoom: tok3n as SESSION8"),
        (RequestOffer("S"), "RequestOffer: S, sid new"),
        (RequestOffer("S", "47"), "RequestOffer: S, sid 47"),
        (SessionsLeft(("A", "B")), "SessionsLeft: 2: A B"),
        (
            parse(recorded("participants_update_joined_with_audio")),
            "ParticipantsUpdate: 3: SPKcAI7x=3 VIEWk3zP=1 MEf6T1yL=1",
        ),
        (
            parse(recorded("hello_reply")),
            "HelloReply: session MEf6T1yL, HPB 2.0.2-2+b2.debian",
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
    assert len(describe(JoinRoom("t" * 500, "S"))) == MAX_CHARS
