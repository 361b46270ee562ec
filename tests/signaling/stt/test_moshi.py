# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""moshi-server's MessagePack, both ways."""

from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.stt.events import (
    Alive,
    Garbage,
    MarkerReached,
    Pause,
    Ready,
    StreamFailed,
    SttEvent,
    Word,
    WordEnd,
)
from signaling.stt.moshi import (
    END_MARKER,
    MAX_MESSAGE_BYTES,
    WARM_UP_STEPS,
    MoshiDecoder,
    MoshiWire,
)
from signaling.stt.wire import NO_FREE_CHANNEL

LOUD, QUIET = [0.9, 0.8, 0.6, 0.1], [0.9, 0.6, 0.5, 0.0]
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(),
        st.text(max_size=20),
        st.binary(max_size=20),
    ),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=6)
    ),
    max_leaves=15,
)


def decode(message: Any, decoder: MoshiDecoder | None = None) -> list[SttEvent]:
    """What a decoder makes of one message."""
    return (decoder or MoshiDecoder()).decode(msgpack.packb(message))


def steps(decoder: MoshiDecoder, count: int, probabilities: list[float]) -> list[Any]:
    """Events of so many steps with the same pause heads."""
    message = {"type": "Step", "prs": probabilities, "step_idx": 1, "buffered_pcm": 0}
    return [event for _ in range(count) for event in decode(message, decoder)]


@pytest.mark.parametrize("count", [1920, 0, 1, 36_000, 70_000])
def test_audio_is_what_msgpack_itself_would_read(count: int) -> None:
    """The block is built from bytes; every sample arrives bit for bit."""
    samples = np.random.default_rng(1).uniform(-1, 1, count).astype("<f4")
    message = msgpack.unpackb(MoshiWire().encode_audio(samples.tobytes()))
    assert set(message) == {"type", "pcm"}
    assert message["type"] == "Audio"
    assert np.array_equal(np.array(message["pcm"], dtype="<f4"), samples)


def test_audio_is_packed_as_single_precision() -> None:
    """Byte for byte what a packer with single floats makes of it."""
    samples = np.linspace(-1, 1, 1920, dtype="<f4")
    packed = msgpack.packb(
        {"type": "Audio", "pcm": samples.tolist()}, use_single_float=True
    )
    assert MoshiWire().encode_audio(samples.tobytes()) == packed


def test_silence_is_one_step_of_zeros() -> None:
    """80 ms at 24 kHz."""
    wire = MoshiWire()
    assert (
        msgpack.unpackb(wire.encode_audio(wire.silence or b""))["pcm"] == [0.0] * 1920
    )


def test_end_is_a_marker() -> None:
    """It comes back when everything before it has been recognised."""
    (message,) = MoshiWire().encode_end()
    assert msgpack.unpackb(message) == {"type": "Marker", "id": END_MARKER}


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ({"type": "Ready"}, [Ready()]),
        ({"type": "Word", "text": "Hi,", "start_time": 1.2}, [Word("Hi,", 1.2)]),
        ({"type": "Word", "text": "Hi,", "start_time": 1}, [Word("Hi,", 1.0)]),
        ({"type": "Word", "text": "Hi"}, [Word("Hi", None)]),
        ({"type": "Word", "text": "Hi", "start_time": "1"}, [Word("Hi", None)]),
        ({"type": "Word", "text": "Hi", "start_time": float("nan")}, [Word("Hi")]),
        ({"type": "Word", "text": 7}, [Garbage()]),
        ({"type": "Word"}, [Garbage()]),
        ({"type": "EndWord", "stop_time": 1.6}, [WordEnd(1.6)]),
        ({"type": "EndWord", "stop_time": float("inf")}, [Garbage()]),
        ({"type": "EndWord"}, [Garbage()]),
        ({"type": "Marker", "id": 7}, [MarkerReached(7)]),
        ({"type": "Marker", "id": "7"}, [Garbage()]),
        ({"type": "Step", "prs": [0.1] * 4}, [Alive()]),
        ({"type": "Step"}, [Alive()]),
        ({"type": "Later"}, [Garbage()]),
        ({}, [Garbage()]),
        ([1, 2], [Garbage()]),
        ("Ready", [Garbage()]),
        ({1: 2}, [Garbage()]),
    ],
)
def test_message_becomes_its_events(message: Any, events: list[SttEvent]) -> None:
    """Each kind, and everything that is none."""
    assert decode(message) == events


@pytest.mark.parametrize(
    "data",
    [
        "text",
        b"",
        b"\xc1",
        b"\x81",
        b"\x91" * 5_000,
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\x81\xa4type\xa4Word" + b"\x00",
        msgpack.packb({"type": "Word", "text": "x" * MAX_MESSAGE_BYTES}),
        b"\x82\xa4type\xa4Word\xa4text\xa2\xff\xff",
    ],
)
def test_malformed_messages_are_garbage(data: bytes | str) -> None:
    """Text, nothing, half messages, nests, false lengths, rests, giants, no UTF-8."""
    assert MoshiDecoder().decode(data) == [Garbage()]


def test_no_free_channel_is_told_from_other_errors() -> None:
    """One means waiting longer, the other does not."""
    full = decode({"type": "Error", "message": "no free channels"})
    assert full == [StreamFailed(NO_FREE_CHANNEL, retryable=True)]
    (other,) = decode({"type": "Error", "message": "<b>oops</b>"})
    assert isinstance(other, StreamFailed)
    assert other.reason != NO_FREE_CHANNEL
    assert "oops" not in other.reason


def test_error_with_a_nested_message_does_not_raise() -> None:
    """To print it would exceed the recursion limit."""
    nested: Any = []
    for _ in range(500):
        nested = [nested]
    (event,) = decode({"type": "Error", "message": nested})
    assert isinstance(event, StreamFailed)


def test_pause_is_the_rising_edge_of_the_third_head() -> None:
    """One pause, however many silent steps; a new one after speech."""
    decoder = MoshiDecoder()
    steps(decoder, WARM_UP_STEPS, QUIET)
    events = steps(decoder, 2, QUIET) + steps(decoder, 3, LOUD)
    events += steps(decoder, 1, QUIET) + steps(decoder, 2, LOUD)
    assert [n for n, event in enumerate(events) if event == Pause()] == [2, 6]


def test_pause_heads_mean_nothing_at_first() -> None:
    """The first 1.5 s are 19 steps."""
    decoder = MoshiDecoder()
    assert Pause() not in steps(decoder, WARM_UP_STEPS, LOUD)
    assert steps(decoder, 1, LOUD) == [Pause()]


def test_word_during_a_pause_is_followed_by_another_pause() -> None:
    """Words come late; what belongs to the pause still has to be flushed."""
    decoder = MoshiDecoder()
    steps(decoder, WARM_UP_STEPS, QUIET)
    assert steps(decoder, 1, LOUD) == [Pause()]
    decode({"type": "Word", "text": "late", "start_time": 0.1}, decoder)
    assert steps(decoder, 2, LOUD) == [Pause(), Alive()]


@pytest.mark.parametrize("heads", [[], [1.0, 1.0], [1, 1, "1", 1], "loud", None, 1])
def test_odd_pause_heads_are_no_pause(heads: Any) -> None:
    """The larger model has none at all."""
    decoder = MoshiDecoder()
    assert set(steps(decoder, WARM_UP_STEPS + 2, heads)) == {Alive()}


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary(), VALUES.map(msgpack.packb)))
def test_hostile_messages_never_raise(data: bytes | str) -> None:
    """Free bytes and any MessagePack."""
    assert MoshiDecoder().decode(data)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_hostile_fields_never_raise(kind: object, value: object) -> None:
    """Known fields with values of any type."""
    fields = ("text", "start_time", "stop_time", "id", "prs", "message")
    decoder = MoshiDecoder()
    for name in (kind, "Word", "EndWord", "Marker", "Step", "Error", "Ready"):
        assert decode({"type": name} | dict.fromkeys(fields, value), decoder)
