"""What goes over each wire and what comes back; nothing breaks a decoder."""

import json
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.stt.events import (
    Alive,
    Garbage,
    MarkerReached,
    Pause,
    Piece,
    Ready,
    StreamFailed,
    SttEvent,
    Word,
    WordEnd,
)
from signaling.stt.moshi import WARM_UP_STEPS
from signaling.stt.wire import AudioFormat
from signaling.stt.wires import WIRES

FRAME = np.linspace(-1, 1, 1920, dtype="<f4")


def test_every_wire_has_its_audio_and_limits() -> None:
    """The table that everything else looks things up in."""
    assert {name: wire.audio for name, wire in WIRES.items()} == {
        "modal-pcm": AudioFormat.PCM_F32,
        "modal-opus": AudioFormat.OGG,
        "moshi": AudioFormat.PCM_F32,
    }
    assert WIRES["modal-opus"].limits.connection_bytes == 1_400_000


@pytest.mark.parametrize("name", ["modal-pcm", "modal-opus"])
def test_modal_takes_audio_as_it_is(name: str) -> None:
    """Nothing around it, and no message at the end."""
    wire = WIRES[name]
    assert wire.encode_audio(b"audio") == b"audio"
    assert list(wire.encode_end()) == []
    assert not wire.waits_for_ready


def test_moshi_packs_floats() -> None:
    """As any MessagePack library would, only faster."""
    message = msgpack.unpackb(WIRES["moshi"].encode_audio(FRAME.tobytes()))
    assert list(message) == ["type", "pcm"]
    assert message["type"] == "Audio"
    assert message["pcm"] == FRAME.tolist()


def test_moshi_ends_with_a_marker_and_silence_behind_it() -> None:
    """The marker's way is counted in steps, and steps need audio."""
    marker, *silence = map(msgpack.unpackb, WIRES["moshi"].encode_end())
    assert marker["type"] == "Marker"
    assert all(not any(message["pcm"]) for message in silence)
    assert len(silence) * 0.08 >= 1.5


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ({"type": "token", "text": "Hello,"}, [Piece("Hello,")]),
        ({"type": "token", "text": " Hel"}, [Piece(" Hel")]),
        ({"type": "token", "text": ""}, [Alive()]),
        ({"type": "token", "text": 5}, [Garbage()]),
        ({"type": "token"}, [Garbage()]),
        ({"type": "ping"}, [Alive()]),
        ({"type": "ready"}, [Alive()]),
        ({"type": "vad_end"}, [Pause()]),
        (
            {"type": "error", "message": "x"},
            [StreamFailed("the server reports an error", True)],
        ),
        ({"type": "news"}, [Garbage()]),
        ([], [Garbage()]),
    ],
)
def test_modal_text(message: Any, events: list[SttEvent]) -> None:
    """Both Modal services' text frames."""
    decoder = WIRES["modal-opus"].new_decoder()
    assert decoder.decode(json.dumps(message)) == events


def test_modal_pause_counts_once() -> None:
    """`vad_end` comes for every silent frame."""
    decoder = WIRES["modal-opus"].new_decoder()
    end, token = '{"type":"vad_end"}', '{"type":"token","text":"a"}'
    events = [decoder.decode(text)[0] for text in (end, end, token, end)]
    assert events == [Pause(), Alive(), Piece("a"), Pause()]


@pytest.mark.parametrize("data", [b"{}", "{", "x" * 70_000, "[" * 5000])
def test_modal_garbage(data: bytes | str) -> None:
    """Binary, broken, too long, too deep."""
    assert WIRES["modal-pcm"].new_decoder().decode(data) == [Garbage()]


@pytest.mark.parametrize(
    ("message", "events"),
    [
        ({"type": "Ready"}, [Ready()]),
        ({"type": "Word", "text": "Hi", "start_time": 1.5}, [Word("Hi", 1.5)]),
        ({"type": "Word", "text": "Hi", "start_time": "x"}, [Word("Hi", None)]),
        ({"type": "EndWord", "stop_time": 2}, [WordEnd(2.0)]),
        ({"type": "Marker", "id": 7}, [MarkerReached(7)]),
        (
            {"type": "Error", "message": "no free channels"},
            [StreamFailed("no free channel", True)],
        ),
        ({"type": "Error"}, [StreamFailed("the server reports an error", True)]),
        ({"type": "Step", "prs": [0, 0, 1, 0]}, [Alive()]),
        ({"type": "Step", "prs": "x"}, [Alive()]),
        ({"type": "Word", "text": 5}, [Garbage()]),
        ({"type": "Other"}, [Garbage()]),
        ([1], [Garbage()]),
    ],
)
def test_moshi_messages(message: Any, events: list[SttEvent]) -> None:
    """As batched_asr.rs sends them."""
    assert WIRES["moshi"].new_decoder().decode(msgpack.packb(message)) == events


def test_moshi_pause_is_an_edge_after_the_warm_up() -> None:
    """The heads mean nothing at first, and stay high in silence."""
    decoder = WIRES["moshi"].new_decoder()
    silent = msgpack.packb({"type": "Step", "prs": [1, 1, 0.9, 0.2]})
    spoken = msgpack.packb({"type": "Step", "prs": [0, 0, 0.1, 0.0]})
    word = msgpack.packb({"type": "Word", "text": "a"})
    for _ in range(WARM_UP_STEPS):
        assert decoder.decode(silent) == [Alive()]
    steps = [silent, silent, spoken, silent, word, silent]
    pauses = [decoder.decode(step) == [Pause()] for step in steps]
    assert pauses == [True, False, False, True, False, True]


@pytest.mark.parametrize(
    "data", ["text", b"", b"\xc1", b"\x82\xa4type", b"\x90" * 70_000]
)
def test_moshi_garbage(data: bytes | str) -> None:
    """Text, nothing, broken, too long."""
    assert WIRES["moshi"].new_decoder().decode(data) == [Garbage()]


@pytest.mark.parametrize("name", sorted(WIRES))
@given(data=st.binary(max_size=100) | st.text(max_size=100))
def test_any_message(name: str, data: bytes | str) -> None:
    """Decoders never raise."""
    assert isinstance(WIRES[name].new_decoder().decode(data), list)


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "text", "prs", "id", "x"]), inner)
    ),
    max_leaves=8,
)


@given(tree=trees, kind=st.sampled_from(["Word", "Step", "Marker", "EndWord", "token"]))
def test_any_tree(tree: Any, kind: str) -> None:
    """Nor do they when the message looks right at first sight."""
    for message in (tree, {"type": kind, "text": tree, "prs": tree, "id": tree}):
        WIRES["moshi"].new_decoder().decode(msgpack.packb(message))
        WIRES["modal-pcm"].new_decoder().decode(json.dumps(message))
