# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Packets and gaps to 80 ms frames. Pure; the PCM side is in `pcm.py`."""

from typing import Protocol

from signaling.audio.packet import (
    FRAME_SAMPLES,
    OPUS_HZ,
    AudioItem,
    Frame,
    Gap,
    packet_samples,
    toc_samples,
)

SILENCE_PACKET = b"\xf8\xff\xfe"
"20 ms of silence: CELT, full band, mono, code 0 (RFC 6716)."
SILENCE_SAMPLES = 960


class Framer(Protocol):
    """Collects one speaker's audio into frames; keeps its state between packets."""

    def push(self, item: AudioItem) -> list[Frame]:
        """Take a packet or gap; returns the frames that are full now."""

    def silence(self, duration_s: float, now_s: float) -> list[Frame]:
        """Frames of silence behind what was pushed."""

    def drain(self, now_s: float) -> list[Frame]:
        """The frame that is open, filled up with silence."""


class OpusFramer:
    """Frames of untouched Opus packets, for wires that take Ogg Opus."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._samples = 0
        self._owed = 0
        "Samples of gaps that were too short for a packet of their own."

    def push(self, item: AudioItem) -> list[Frame]:
        """Take a packet, or put concealment packets where one is missing."""
        if isinstance(item, Gap):
            return self._fill(item)
        return self._add(item.payload, packet_samples(item.payload), item.arrived_s)

    def silence(self, duration_s: float, now_s: float) -> list[Frame]:
        """Whole packets of silence, at least as long as asked for."""
        packets = -(-round(duration_s * OPUS_HZ) // SILENCE_SAMPLES)
        return [
            frame
            for _ in range(packets)
            for frame in self._add(SILENCE_PACKET, SILENCE_SAMPLES, now_s)
        ]

    def drain(self, now_s: float) -> list[Frame]:
        """Fill the open frame up with packets of silence."""
        if not self._parts:
            return []
        return self.silence((FRAME_SAMPLES - self._samples) / OPUS_HZ, now_s)

    def _fill(self, gap: Gap) -> list[Frame]:
        """A packet of nothing but its TOC byte makes the decoder conceal a frame."""
        toc = gap.toc & 0xFC
        step = toc_samples(toc)
        count, self._owed = divmod(gap.samples + self._owed, step)
        packet = bytes((toc,))
        return [
            frame
            for _ in range(count)
            for frame in self._add(packet, step, gap.arrived_s)
        ]

    def _add(self, payload: bytes, samples: int, arrived_s: float) -> list[Frame]:
        self._parts.append(payload)
        self._samples += samples
        if self._samples < FRAME_SAMPLES:
            return []
        frame = Frame(tuple(self._parts), self._samples, arrived_s)
        self._parts.clear()
        self._samples = 0
        return [frame]
