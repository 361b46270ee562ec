# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages to the HPB have the shapes it and Talk expect, and fit."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import MessageTooLargeError
from signaling.hpb.messages import (
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

TO_S = {"type": "session", "sessionid": "S"}


def to_s(data: dict[str, Any]) -> dict[str, Any]:
    """A message for session S."""
    return {"type": "message", "message": {"recipient": TO_S, "data": data}}


@pytest.mark.parametrize(
    ("message", "body"),
    [
        (
            Hello("r" * 64, "t0ken", "https://cloud.example.com/"),
            {
                "type": "hello",
                "hello": {
                    "version": "1.0",
                    "features": ["internal-incall"],
                    "auth": {
                        "type": "internal",
                        "params": {
                            "random": "r" * 64,
                            "token": "t0ken",
                            "backend": "https://cloud.example.com/",
                        },
                    },
                },
            },
        ),
        (
            Resume("res"),
            {"type": "hello", "hello": {"version": "1.0", "resumeid": "res"}},
        ),
        (
            JoinRoom("tok3n", "ME"),
            {"type": "room", "room": {"roomid": "tok3n", "sessionid": "ME"}},
        ),
        (
            SetInCall(1),
            {
                "type": "internal",
                "internal": {"type": "incall", "incall": {"incall": 1}},
            },
        ),
        (RequestOffer("S"), to_s({"type": "requestoffer", "roomType": "video"})),
        (
            RequestOffer("S", "47"),
            to_s({"type": "requestoffer", "roomType": "video", "sid": "47"}),
        ),
        (
            Answer("S", "47", "v=0"),
            to_s(
                {
                    "to": "S",
                    "type": "answer",
                    "roomType": "video",
                    "sid": "47",
                    "payload": {
                        "type": "answer",
                        "sdp": "v=0",
                        "nick": "live_transcription",
                    },
                }
            ),
        ),
        (
            Candidate("S", "47", "candidate:1", "0", 2),
            to_s(
                {
                    "to": "S",
                    "type": "candidate",
                    "roomType": "video",
                    "sid": "47",
                    "payload": {
                        "candidate": {
                            "candidate": "candidate:1",
                            "sdpMid": "0",
                            "sdpMLineIndex": 2,
                        }
                    },
                }
            ),
        ),
        (
            Transcript("S", "SPK", "hello there", "en"),
            to_s(
                {
                    "type": "transcript",
                    "roomType": "video",
                    "message": "hello there",
                    "langId": "en",
                    "final": True,
                    "speakerSessionId": "SPK",
                }
            ),
        ),
        (Bye(), {"type": "bye", "bye": {}}),
    ],
)
def test_message_has_its_shape_on_the_wire(
    message: OutgoingMessage, body: dict[str, Any]
) -> None:
    """The request id comes with every message."""
    assert json.loads(serialise(message, "9")) == {"id": "9", **body}


def test_caption_is_cut_and_stays_readable_json() -> None:
    """Quotes and foreign letters are the peer's to read, not to trip over."""
    text = serialise(Transcript("S", "SPK", '“é"\\' * 1000, "fr"), "1")
    assert json.loads(text)["message"]["data"]["message"] == '“é"\\' * 125
    assert "é" in text


@pytest.mark.parametrize(
    "message",
    [
        Answer("S", "47", "v" * 65536),
        Candidate("S", "47", "é" * 33000, "0", 0),
        Transcript("S" * 70000, "SPK", "hi", "en"),
        JoinRoom("t" * 65536, "ME"),
    ],
)
def test_message_that_would_close_the_connection_is_refused(
    message: OutgoingMessage,
) -> None:
    """The error names kind and size, not the content."""
    with pytest.raises(MessageTooLargeError, match=r"^[A-Za-z]+ of \d+ bytes") as info:
        serialise(message, "1")
    assert len(str(info.value)) < 60


def test_limit_counts_bytes() -> None:
    """The largest message that is let through is one byte below 64 KiB."""
    overhead = len(serialise(Answer("S", "47", ""), "1").encode())
    fits = serialise(Answer("S", "47", "v" * (65535 - overhead)), "1")
    assert len(fits.encode()) == 65535
    with pytest.raises(MessageTooLargeError):
        serialise(Answer("S", "47", "v" * (65536 - overhead)), "1")


def test_broken_letters_are_replaced() -> None:
    """A lone surrogate has no UTF-8 form and must not break the sender."""
    text = serialise(Transcript("S", "SPK", "a\ud800b", "en"), "1")
    assert json.loads(text)["message"]["data"]["message"] == "a?b"


texts = st.text(st.characters(), max_size=2000)


@given(
    st.one_of(
        st.builds(Transcript, texts, texts, texts, texts),
        st.builds(Answer, texts, texts, texts),
        st.builds(Candidate, texts, texts, texts, texts, st.integers(0, 100)),
        st.builds(RequestOffer, texts, texts),
        st.builds(JoinRoom, texts, texts),
        st.builds(Hello, texts, texts, texts),
    ),
    st.integers(0, 2**63),
)
def test_serialised_messages_are_json_below_the_limit(
    message: OutgoingMessage, request_id: int
) -> None:
    """Whatever is in them."""
    text = serialise(message, str(request_id))
    assert len(text.encode()) < 64 * 1024
    assert json.loads(text)["id"] == str(request_id)


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        (Hello("r4nd0m", "t0ken", "https://c"), "r4nd0m"),
        (Hello("r4nd0m", "t0ken", "https://c"), "t0ken"),
        (Resume("res1d"), "res1d"),
        (Answer("S", "47", "a=ice-pwd:x"), "ice-pwd"),
        (Transcript("S", "SPK", "spoken words", "en"), "spoken"),
    ],
)
def test_repr_hides_what_is_nobodys_business(
    message: OutgoingMessage, secret: str
) -> None:
    """A message may end up in a log line or a traceback."""
    assert secret not in repr(message)
