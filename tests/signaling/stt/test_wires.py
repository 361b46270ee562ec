# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The table of wires and the two Modal rows in it."""

import pytest

from signaling.stt.events import Pause, Piece
from signaling.stt.wire import FRAME_BYTES, AudioFormat
from signaling.stt.wires import WIRES


def test_table_has_one_row_per_wire() -> None:
    """The names are those of the setting LT_STT_WIRE."""
    assert set(WIRES) == {"modal-pcm", "modal-opus", "moshi"}


@pytest.mark.parametrize(
    ("name", "audio", "waits_for_ready", "connection_s", "connection_bytes"),
    [
        ("modal-pcm", AudioFormat.PCM_F32, False, 28 * 60, None),
        ("modal-opus", AudioFormat.OGG, False, 9 * 60, 1_400_000),
        ("moshi", AudioFormat.PCM_F32, True, 55 * 60, None),
    ],
)
def test_row_says_what_its_service_needs(
    name: str,
    audio: AudioFormat,
    waits_for_ready: bool,
    connection_s: float,
    connection_bytes: int | None,
) -> None:
    """Audio format, Ready, and limits below the service's own."""
    wire = WIRES[name]
    assert wire.audio is audio
    assert wire.waits_for_ready is waits_for_ready
    assert wire.limits.connection_s == connection_s
    assert wire.limits.connection_bytes == connection_bytes


@pytest.mark.parametrize("name", WIRES)
def test_silence_is_there_for_raw_audio_only(name: str) -> None:
    """A silent Ogg page depends on the pages before it."""
    wire = WIRES[name]
    is_raw = wire.audio is AudioFormat.PCM_F32
    assert wire.silence == (bytes(FRAME_BYTES) if is_raw else None)


@pytest.mark.parametrize("name", ["modal-pcm", "modal-opus"])
def test_modal_wires_send_audio_as_it_is_and_know_no_end(name: str) -> None:
    """One message per frame; silence brings out the last words."""
    wire = WIRES[name]
    assert wire.encode_audio(b"abcd") == b"abcd"
    assert list(wire.encode_end()) == []


@pytest.mark.parametrize("name", ["modal-pcm", "modal-opus"])
def test_each_connection_has_a_decoder_of_its_own(name: str) -> None:
    """A pause on one connection is none on the next."""
    wire, pause = WIRES[name], '{"type":"vad_end"}'
    for _ in range(2):
        decoder = wire.new_decoder()
        assert decoder.decode(pause) == [Pause()]
        assert decoder.decode('{"type":"token","text":" a"}') == [Piece(" a")]
