# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Opus packets, the holes between them, and 80 ms frames. Pure."""

from dataclasses import dataclass

OPUS_HZ = 48_000
"Opus time stamps count at this rate whatever the packet's bandwidth (RFC 7587)."
FRAME_S = 0.08
"Audio in one speech-to-text message: one step of the model."
FRAME_SAMPLES = 3840
"48 kHz samples in a frame."
MAX_PACKET_SAMPLES = 5760
"A packet holds 120 ms at most (RFC 6716 section 3.2.5)."

_SILK_SAMPLES = (480, 960, 1920, 2880)
_HYBRID_SAMPLES = (480, 960)
_CELT_SAMPLES = (120, 240, 480, 960)


@dataclass(frozen=True, slots=True)
class OpusPacket:
    """One RTP packet's payload as it came from the network."""

    payload: bytes
    sequence: int
    "RTP sequence number, 16 bits."
    timestamp: int
    "RTP time stamp, 32 bits, 48 kHz."
    level_dbov: int | None
    "RFC 6464 audio level, 0 (loudest) to -127; None where it was not negotiated."
    arrived_s: float
    "Monotonic seconds."
    ssrc: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Audio that never came; a decoder conceals it."""

    samples: int
    "48 kHz samples."
    toc: int
    "Configuration byte of the packet before, for packets that stand in."
    arrived_s: float


AudioItem = OpusPacket | Gap


@dataclass(frozen=True, slots=True)
class Frame:
    """80 ms of audio for one speech-to-text message."""

    parts: tuple[bytes, ...]
    "Opus packets, or one block of f32 little-endian mono samples at 24 kHz."
    samples: int
    "48 kHz samples."
    arrived_s: float
    "Monotonic seconds at which its newest packet came."


def toc_samples(toc: int) -> int:
    """48 kHz samples of one Opus frame by its TOC byte (RFC 6716 section 3.1)."""
    config = toc >> 3
    if config < 12:
        return _SILK_SAMPLES[config & 3]
    if config < 16:
        return _HYBRID_SAMPLES[config & 1]
    return _CELT_SAMPLES[config & 3]


def packet_samples(payload: bytes) -> int:
    """48 kHz samples of an Opus packet; `ValueError` if it cannot be one."""
    if not payload:
        raise ValueError("empty Opus packet")
    toc = payload[0]
    count = (1, 2, 2)[toc & 3] if toc & 3 < 3 else _frame_count(payload)
    samples = count * toc_samples(toc)
    if not 0 < samples <= MAX_PACKET_SAMPLES:
        raise ValueError("Opus packet of an impossible duration")
    return samples


def _frame_count(payload: bytes) -> int:
    """Frames of a code 3 packet (RFC 6716 section 3.2.5)."""
    if len(payload) < 2:
        raise ValueError("Opus packet without its frame count")
    return payload[1] & 0x3F
