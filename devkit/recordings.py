# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Recorded speech to play into calls: what the recogniser's wheel carries."""

import wave

import numpy as np
import numpy.typing as npt
import soxr

from devkit.moonshine import recording

RATE_HZ = 48_000

Audio = npt.NDArray[np.float32]


def speech(name: str, start_s: float = 0.0, length_s: float | None = None) -> Audio:
    """Part of a recording at 48 kHz mono; the whole of it without `length_s`."""
    with wave.open(str(recording(name))) as file:
        channels, rate_hz = file.getnchannels(), file.getframerate()
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    mono = data.reshape(-1, channels).mean(axis=1).astype(np.float32) / 32_768
    samples = np.asarray(soxr.resample(mono, rate_hz, RATE_HZ), dtype=np.float32)
    start = round(start_s * RATE_HZ)
    end = None if length_s is None else start + round(length_s * RATE_HZ)
    return samples[start:end]


def looped(audio: Audio, length_s: float, pause_s: float = 1.0) -> Audio:
    """A recording again and again, with pauses between, cut to a length."""
    pause = np.zeros(round(pause_s * RATE_HZ), dtype=np.float32)
    once = np.concatenate((audio, pause))
    samples = round(length_s * RATE_HZ)
    return np.tile(once, -(-samples // len(once)))[:samples]


def stereo(audio: Audio) -> Audio:
    """The same on both channels."""
    return np.stack((audio, audio), axis=1)
