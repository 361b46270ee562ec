# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Level of Opus packets that come without the RFC 6464 header extension."""

import av
import numpy as np
from av.error import FFmpegError

from signaling.audio.packet import OPUS_HZ

SILENCE_DBOV = -127
FULL_SCALE = 32768.0


class EnergyMeter:
    """Decodes packets in order; made at the first packet, as few senders need it."""

    def __init__(self) -> None:
        self._decoder: av.AudioCodecContext | None = None

    def measure(self, payload: bytes) -> int:
        """RMS level in dBov, 0 to -127; a packet that cannot be decoded is silence."""
        if not payload:
            return SILENCE_DBOV  # to the decoder it would be the end of the stream
        if self._decoder is None:
            self._decoder = av.CodecContext.create("libopus", "r")
            self._decoder.sample_rate = OPUS_HZ
            self._decoder.layout = "mono"
        try:
            frames = self._decoder.decode(av.Packet(payload))
        except FFmpegError:
            return SILENCE_DBOV
        squares = count = 0.0
        for frame in frames:
            values = np.frombuffer(
                memoryview(frame.planes[0]), dtype=np.int16, count=frame.samples
            ).astype(np.float32)
            squares += float(values @ values)
            count += frame.samples
        return level_of(squares, count)


def level_of(squares: float, count: float) -> int:
    """Sum of squares of 16 bit samples to dBov."""
    if squares < 1 or not count:
        return SILENCE_DBOV
    rms = (squares / count) ** 0.5 / FULL_SCALE
    return max(SILENCE_DBOV, min(0, round(20 * float(np.log10(rms)))))
