# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Untouched packets in frames of 80 ms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.audio.framer import SILENCE_PACKET, OpusFramer
from signaling.audio.packet import FRAME_SAMPLES, Frame, Gap, OpusPacket


def packet(payload: bytes) -> OpusPacket:
    """A packet whose numbers do not matter."""
    return OpusPacket(payload, 0, 0, None, 1.0)


@pytest.mark.parametrize(("toc", "count"), [(0xF8, 4), (0xF0, 8), (0x10, 2), (0x08, 4)])
def test_frames_of_equal_packets(toc: int, count: int) -> None:
    """10, 20 and 40 ms packets fill 80 ms exactly, and stay as they are."""
    framer, payload = OpusFramer(), bytes((toc, 1, 2))
    for _ in range(count - 1):
        assert framer.push(packet(payload)) == []
    assert framer.push(packet(payload)) == [
        Frame((payload,) * count, FRAME_SAMPLES, 1.0)
    ]


def test_gap_becomes_packets_of_nothing_but_their_first_byte() -> None:
    """The decoder conceals; the low bits, which count frames, are cleared."""
    framer = OpusFramer()
    frames = framer.push(Gap(FRAME_SAMPLES, 0xFB, 2.0))
    assert frames == [Frame((b"\xf8",) * 4, FRAME_SAMPLES, 2.0)]


def test_short_gaps_add_up() -> None:
    """A part of a packet is owed to the next gap."""
    framer = OpusFramer()
    for _ in range(8):
        frames = framer.push(Gap(480, 0xF8, 0.0))
    assert frames == [Frame((b"\xf8",) * 4, FRAME_SAMPLES, 0.0)]


def test_silence_and_drain() -> None:
    """The open frame is filled up; nothing open, nothing to drain."""
    framer = OpusFramer()
    assert framer.drain(0.0) == []
    framer.push(packet(b"\xf8x"))
    (frame,) = framer.drain(3.0)
    assert frame == Frame((b"\xf8x", *[SILENCE_PACKET] * 3), FRAME_SAMPLES, 3.0)
    assert len(framer.silence(1.5, 0.0)) == 18


@given(st.lists(st.sampled_from([b"\xf8", b"\xf0", b"\x18", b"\xf9.."]), max_size=60))
def test_no_packet_is_lost(payloads: list[bytes]) -> None:
    """All packets, in order, in frames of 80 ms or little more."""
    framer = OpusFramer()
    frames = [f for payload in payloads for f in framer.push(packet(payload))]
    frames += framer.drain(0.0)
    parts = [part for frame in frames for part in frame.parts]
    assert parts[: len(payloads)] == payloads
    assert all(part == SILENCE_PACKET for part in parts[len(payloads) :])
    for frame in frames:
        assert FRAME_SAMPLES <= frame.samples < FRAME_SAMPLES + 2880
