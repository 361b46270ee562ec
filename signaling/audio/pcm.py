# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Opus packets to frames of 24 kHz mono f32, in the caller's thread.

One decoder and one resampler per speaker keep their state between packets. libopus
mixes stereo down to mono while decoding and conceals what is missing.
"""

import av
import numpy as np
import numpy.typing as npt
import soxr
from av.error import FFmpegError

from signaling.audio.packet import (
    FRAME_SAMPLES,
    OPUS_HZ,
    AudioItem,
    Frame,
    Gap,
    packet_samples,
    toc_samples,
)

MODEL_HZ = 24_000
FRAME_VALUES = FRAME_SAMPLES * MODEL_HZ // OPUS_HZ
"24 kHz samples in a frame: 1920."
FULL_SCALE = 32768.0

Samples = npt.NDArray[np.float32]


class PcmFramer:
    """Decoder, mixer, resampler and framer of one speaker."""

    def __init__(self) -> None:
        decoder: av.AudioCodecContext = av.CodecContext.create("libopus", "r")
        decoder.sample_rate = OPUS_HZ
        decoder.layout = "mono"
        self._decoder = decoder
        self._resampler = soxr.ResampleStream(OPUS_HZ, MODEL_HZ, 1, dtype="float32")
        self._block: list[Samples] = []
        self._block_samples = 0
        self._ready: Samples = np.empty(0, dtype=np.float32)
        self.undecodable = 0
        "Packets that became silence."

    def push(self, item: AudioItem) -> list[Frame]:
        """Decode a packet, or conceal a gap; returns the frames that are full now."""
        if isinstance(item, Gap):
            return self._conceal(item)
        return self._add(self._decode(item.payload), item.arrived_s)

    def silence(self, duration_s: float, now_s: float) -> list[Frame]:
        """Silence through the same resampler, so that the timeline stays exact."""
        zeros = np.zeros(round(duration_s * OPUS_HZ), dtype=np.float32)
        return self._add(zeros, now_s)

    def drain(self, now_s: float) -> list[Frame]:
        """Fill the open frame up with silence."""
        open_samples = self._block_samples + self._ready.size * OPUS_HZ // MODEL_HZ
        if not open_samples:
            return []
        missing = FRAME_SAMPLES - open_samples % FRAME_SAMPLES
        return self.silence(missing / OPUS_HZ, now_s)

    def _conceal(self, gap: Gap) -> list[Frame]:
        """libopus conceals one frame per packet of nothing but a TOC byte."""
        toc = gap.toc & 0xFC
        count, rest = divmod(gap.samples, toc_samples(toc))
        concealed = [self._decode(bytes((toc,))) for _ in range(count)]
        concealed.append(np.zeros(rest, dtype=np.float32))
        return self._add(np.concatenate(concealed), gap.arrived_s)

    def _decode(self, payload: bytes) -> Samples:
        """48 kHz mono samples of one packet; silence of its length if it is broken."""
        try:
            frames = self._decoder.decode(av.Packet(payload))
        except FFmpegError:
            self.undecodable += 1
            return np.zeros(packet_samples(payload), dtype=np.float32)
        values = [
            # The plane is longer than the samples in it.
            np.frombuffer(
                memoryview(frame.planes[0]), dtype=np.int16, count=frame.samples
            )
            for frame in frames
        ]
        joined = values[0] if len(values) == 1 else np.concatenate(values)
        return joined.astype(np.float32) / np.float32(FULL_SCALE)

    def _add(self, samples: Samples, arrived_s: float) -> list[Frame]:
        """Resample in blocks of 80 ms: fewer calls cost less than smaller blocks."""
        self._block.append(samples)
        self._block_samples += samples.size
        if self._block_samples < FRAME_SAMPLES:
            return []
        block = np.concatenate(self._block)
        self._block.clear()
        self._block_samples = 0
        resampled = self._resampler.resample_chunk(block)
        self._ready = np.concatenate((self._ready, resampled))
        full, rest = divmod(self._ready.size, FRAME_VALUES)
        ready, self._ready = self._ready, self._ready[self._ready.size - rest :].copy()
        return [
            Frame(
                (ready[i * FRAME_VALUES : (i + 1) * FRAME_VALUES].tobytes(),),
                FRAME_SAMPLES,
                arrived_s,
            )
            for i in range(full)
        ]
