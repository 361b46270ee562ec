# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""An audio file as the packets a browser would send: 20 ms of Opus each."""

from collections.abc import Iterator
from typing import IO, Any

import av
from av.error import FFmpegError

from signaling.audio.packet import OPUS_HZ, OpusPacket, packet_samples

PACKET_SAMPLES = 960
BIT_RATE = 64_000


class AudioFileError(Exception):
    """The file cannot be read, or there is no audio in it."""


class AudioFile:
    """Anything FFmpeg reads, as `with`; a path or a binary stream."""

    def __init__(self, source: str | IO[bytes]) -> None:
        try:
            self._container = av.open(source, "r")
        except (FFmpegError, OSError) as error:
            raise AudioFileError(f"cannot be read as audio: {error}") from error
        if not self._container.streams.audio:
            self._container.close()
            raise AudioFileError("there is no audio in it")
        self._stream = self._container.streams.audio[0]

    def __enter__(self) -> "AudioFile":
        return self

    def __exit__(self, *details: object) -> None:
        self._container.close()

    @property
    def duration_s(self) -> float | None:
        """Length as the file says; None where it does not, as a pipe may."""
        stream = self._stream
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        duration = self._container.duration
        return None if duration is None else duration / 1_000_000

    def packets(self) -> Iterator[OpusPacket]:
        """The audio; `arrived_s` is its place in the file, in seconds."""
        encoder = _new_encoder()
        number = samples = 0
        for frame in self._frames():
            for encoded in encoder.encode(frame):
                payload = bytes(encoded)
                at_s = samples / OPUS_HZ
                yield OpusPacket(payload, number & 0xFFFF, samples, None, at_s)
                number += 1
                samples += packet_samples(payload)

    def _frames(self) -> Iterator["av.AudioFrame"]:
        """20 ms of 48 kHz mono each; the last one is filled up with silence."""
        resampler = av.AudioResampler("s16", "mono", OPUS_HZ, PACKET_SAMPLES)
        try:
            for frame in self._container.decode(self._stream):
                frame.pts = (
                    None  # files with odd clocks are played through all the same
                )
                yield from resampler.resample(frame)
            yield from resampler.resample(None)
        except FFmpegError as error:
            raise AudioFileError(f"is broken: {error}") from error


def _new_encoder() -> Any:
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = OPUS_HZ
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = BIT_RATE
    return encoder
