# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Ogg pages, read back by the decoder that the services use, and by FFmpeg."""

import io

import av
import numpy as np
import pytest
import sphn

from signaling.audio.framer import OpusFramer
from signaling.audio.ogg import OggMuxer, PlainMuxer, ogg_crc
from signaling.audio.packet import Frame
from tests.signaling.audio.opus import as_items, encode, pitch, tone


def pages(payloads: list[bytes | None]) -> list[bytes]:
    """All pages of a stream: headers, one per frame, the end."""
    framer, muxer = OpusFramer(), OggMuxer(7)
    frames = [f for item in as_items(payloads) for f in framer.push(item)]
    frames += framer.drain(0.0)
    return [*muxer.start(), *map(muxer.frame, frames), *muxer.end()]


def read_by_sphn(stream: list[bytes]) -> np.ndarray:
    """24 kHz samples, fed page by page."""
    reader = sphn.OpusStreamReader(24_000)
    return np.concatenate([reader.append_bytes(page) for page in stream])


@pytest.mark.parametrize("frame_ms", [10, 20, 40, 60])
@pytest.mark.parametrize("channels", [1, 2])
def test_services_hear_what_was_said(channels: int, frame_ms: int) -> None:
    """Every packet length, mono and stereo: right pitch, level and length."""
    payloads = encode(*[tone(440, 2.4)] * channels, frame_ms=frame_ms)
    heard = read_by_sphn(pages(list(payloads)))
    assert abs(len(heard) - 2.4 * 24_000) < 0.1 * 24_000
    middle = heard[24_000:48_000]
    assert abs(pitch(middle, 24_000) - 440) < 2
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


def test_one_page_per_frame() -> None:
    """A service takes one message per step of its model."""
    stream = pages(list(encode(tone(440, 0.8))))
    assert len(stream) == 2 + 10 + 1
    assert all(page.startswith(b"OggS") and page.count(b"OggS") == 1 for page in stream)


def test_losses_keep_the_timeline() -> None:
    """One packet in ten is missing: concealed, not cut out."""
    payloads: list[bytes | None] = list(encode(tone(440, 4.0)))
    whole = len(read_by_sphn(pages(payloads)))
    payloads[5::10] = [None] * len(payloads[5::10])
    assert len(read_by_sphn(pages(payloads))) == whole


def test_ffmpeg_reads_it_too() -> None:
    """Checksums, lacing and granule positions are right."""
    stream = io.BytesIO(b"".join(pages(list(encode(tone(440, 1.6))))))
    container = av.open(stream, mode="r")
    samples = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(samples - 1.6 * 48_000) < 1000


def test_large_packets_are_laced() -> None:
    """255 bytes and more take several lacing values (RFC 3533 section 6)."""
    muxer = OggMuxer(1)
    page = muxer.frame(Frame((b"a" * 255, b"b" * 600), 3840, 0.0))
    assert page[26] == 5
    assert page[27:32] == bytes((255, 0, 255, 255, 90))


@pytest.mark.parametrize("size", [4, 5, 27, 300])
def test_checksum_is_that_of_the_standard(size: int) -> None:
    """Against the definition, bit by bit."""
    data = bytes((i * 7 + 3) & 0xFF for i in range(size))
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x104C11DB7 if crc & 0x80000000 else 0)
    assert ogg_crc(data) == crc & 0xFFFFFFFF


def test_plain_muxer_adds_nothing() -> None:
    """PCM goes as it is."""
    muxer = PlainMuxer()
    assert [*muxer.start(), muxer.frame(Frame((b"pcm",), 1, 0.0)), *muxer.end()] == [
        b"pcm"
    ]
