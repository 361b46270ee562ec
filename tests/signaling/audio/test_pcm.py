# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Opus to 24 kHz mono: right pitch, level, channels and length."""

import numpy as np
import numpy.typing as npt
import pytest

from signaling.audio.packet import Frame, Gap, OpusPacket
from signaling.audio.pcm import FRAME_VALUES, PcmFramer
from tests.signaling.audio.opus import as_items, encode, pitch, tone


def decode(payloads: list[bytes | None]) -> npt.NDArray[np.float32]:
    """All that comes out, as samples."""
    framer = PcmFramer()
    frames = [f for item in as_items(payloads) for f in framer.push(item)]
    return joined(frames)


def joined(frames: list[Frame]) -> npt.NDArray[np.float32]:
    """The samples of frames, each of which has 80 ms."""
    for frame in frames:
        assert [len(part) for part in frame.parts] == [4 * FRAME_VALUES]
    data = b"".join(part for frame in frames for part in frame.parts)
    return np.frombuffer(data, dtype="<f4")


@pytest.mark.parametrize("frame_ms", [10, 20, 60])
def test_tone_comes_out_as_it_went_in(frame_ms: int) -> None:
    """Neither half speed nor noise."""
    heard = decode(list(encode(tone(440, 2.4), frame_ms=frame_ms)))
    assert abs(len(heard) / 24_000 - 2.4) < 0.17
    middle = heard[24_000:48_000]
    assert abs(pitch(middle, 24_000) - 440) < 2
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.12)


def test_stereo_is_mixed_down() -> None:
    """Both channels are heard, at half their level each."""
    heard = decode(list(encode(tone(440, 2.0), tone(1000, 2.0))))[12_000:36_000]
    spectrum = np.abs(np.fft.rfft(heard)) / len(heard)
    assert spectrum[440] == pytest.approx(0.125, rel=0.2)
    assert spectrum[1000] == pytest.approx(0.125, rel=0.2)


def test_lost_packets_keep_the_timeline() -> None:
    """Concealed or silent, but never shorter."""
    payloads: list[bytes | None] = list(encode(tone(440, 4.0)))
    whole = len(decode(payloads))
    payloads[7::10] = [None] * len(payloads[7::10])
    assert len(decode(payloads)) == whole


def test_broken_packet_costs_only_itself() -> None:
    """What cannot be decoded becomes silence of the same length, counted."""
    payloads: list[bytes | None] = list(encode(tone(440, 1.6)))
    whole = len(decode(payloads))
    payloads[10:12] = [b"\xfa\xff\xff\xff"]  # 40 ms whose length cannot be
    framer = PcmFramer()
    frames = [f for item in as_items(payloads) for f in framer.push(item)]
    assert framer.undecodable == 1
    assert len(joined(frames)) == whole


def test_silence_and_drain_fill_frames() -> None:
    """The last words are pushed out by whole frames."""
    framer = PcmFramer()
    assert framer.drain(0.0) == []
    for payload in encode(tone(440, 0.1)):
        framer.push(OpusPacket(payload, 0, 0, None, 0.0))
    drained = framer.drain(0.0)
    assert len(drained) == 1
    assert len(framer.silence(0.8, 0.0)) == 10


def test_odd_gap_is_filled_up_with_silence() -> None:
    """What is left of a gap after whole packets."""
    framer = PcmFramer()
    frames = framer.push(Gap(4 * 3840 + 100, 0xF8, 0.0))
    assert len(frames) >= 3
