# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""JSON text frames: what each becomes, and that nothing raises."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.stt.events import (
    Alive,
    Garbage,
    Pause,
    Piece,
    StreamFailed,
    SttEvent,
)
from signaling.stt.json_text import MAX_MESSAGE_CHARS, JsonTextDecoder

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ('{"type":"token","text":"Hello,"}', [Piece("Hello,")]),
        ('{"type":"token","text":" Hel"}', [Piece(" Hel")]),
        ('{"type":"token","text":""}', [Alive()]),
        ('{"type":"token","text":null}', [Garbage()]),
        ('{"type":"token"}', [Garbage()]),
        ('{"type":"vad_end"}', [Pause()]),
        ('{"type":"ping"}', [Alive()]),
        ('{"type":"ready"}', [Alive()]),
        ('{"type":"of_tomorrow","text":"x"}', [Garbage()]),
        ('{"type":["token"],"text":"x"}', [Garbage()]),
        ('{"text":"x"}', [Garbage()]),
        ("[]", [Garbage()]),
        ("null", [Garbage()]),
        ("", [Garbage()]),
        ("{", [Garbage()]),
        ("[" * 50_000, [Garbage()]),
        ("9" * 5_000, [Garbage()]),
        (b'{"type":"token","text":"x"}', [Garbage()]),
    ],
)
def test_message_becomes_its_events(
    message: bytes | str, events: list[SttEvent]
) -> None:
    """Each kind, and everything that is none."""
    assert JsonTextDecoder().decode(message) == events


def test_error_ends_the_connection_without_its_text() -> None:
    """What a peer writes does not reach an operator's page."""
    (event,) = JsonTextDecoder().decode('{"type":"error","message":"<b>boom</b>"}')
    assert isinstance(event, StreamFailed)
    assert event.retryable
    assert "boom" not in event.reason


def test_pause_counts_once_until_a_token() -> None:
    """The service repeats vad_end for every silent frame."""
    decoder = JsonTextDecoder()
    pause, token = '{"type":"vad_end"}', '{"type":"token","text":"a"}'
    events = [decoder.decode(m)[0] for m in (pause, pause, token, pause, pause)]
    assert events == [Pause(), Alive(), Piece("a"), Pause(), Alive()]


def test_oversized_message_is_not_parsed() -> None:
    """A message of more than 64 KiB is nothing of this wire."""
    text = "x" * MAX_MESSAGE_CHARS
    message = json.dumps({"type": "token", "text": text})
    assert JsonTextDecoder().decode(message) == [Garbage()]


def test_half_a_surrogate_pair_becomes_text_that_can_be_sent() -> None:
    """Otherwise encoding the caption would fail much later."""
    (event,) = JsonTextDecoder().decode('{"type":"token","text":"a\\ud800b"}')
    assert isinstance(event, Piece)
    assert event.text.encode("utf-8") == b"a?b"


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary(), JSON.map(json.dumps)))
def test_hostile_messages_never_raise(message: bytes | str) -> None:
    """Free text, bytes and any JSON."""
    assert JsonTextDecoder().decode(message)


@settings(deadline=None)
@given(JSON, JSON)
def test_hostile_fields_never_raise(kind: object, text: object) -> None:
    """Known fields with values of any type."""
    for name in (kind, "token", "vad_end", "error"):
        message = json.dumps({"type": name, "text": text, "message": text})
        for event in JsonTextDecoder().decode(message):
            assert not isinstance(event, Piece) or isinstance(text, str)
