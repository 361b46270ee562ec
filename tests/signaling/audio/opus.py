# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Opus packets of tones, and what a decoder makes of them."""

from collections.abc import Iterable
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from signaling.audio.packet import AudioItem, Gap, OpusPacket, packet_samples

Samples = npt.NDArray[np.floating[Any]]


def tone(hz: float, seconds: float) -> Samples:
    """A tone at 48 kHz, half of full scale."""
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * 48_000)) / 48_000)


def encode(*channels: Samples, frame_ms: int = 20) -> list[bytes]:
    """Packets of one or two channels."""
    layout = "mono" if len(channels) == 1 else "stereo"
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = 48_000
    encoder.layout = layout
    encoder.format = "s16"
    encoder.bit_rate = 64_000
    encoder.options = {"application": "audio", "frame_duration": str(frame_ms)}
    size = 48 * frame_ms
    packets = []
    stacked = np.stack(channels, axis=1)
    for start in range(0, len(stacked) - size + 1, size):
        block = (stacked[start : start + size] * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(block).reshape(1, -1), format="s16", layout=layout
        )
        frame.sample_rate = 48_000
        frame.pts = start
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def as_items(
    payloads: Iterable[bytes | None], gap_samples: int = 960
) -> list[AudioItem]:
    """Packets in order; None is a gap."""
    items: list[AudioItem] = []
    timestamp, toc = 0, 0xF8
    for number, payload in enumerate(payloads):
        if payload is None:
            items.append(Gap(gap_samples, toc, number * 0.02))
            timestamp += gap_samples
        else:
            items.append(OpusPacket(payload, number, timestamp, None, number * 0.02))
            timestamp += packet_samples(payload)
            toc = payload[0]
    return items


def pitch(samples: npt.NDArray[np.float32], rate_hz: int) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum)) * rate_hz / len(samples)
