# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Speech made of tones: each word says whose it is and which one it is.

Real speech would do for a demo, but not for counting: here a lost word, a repeated one
and one on the wrong speaker are told apart exactly. A word is a quarter of a second of
three tones: one names the voice, two are the digits of the word's number. They lie far
enough apart, and low enough, to survive Opus at any bit rate used in calls.
"""

from collections.abc import Iterable

import numpy as np

from devkit.engine import SAMPLE_HZ, Samples

VOICES = 12
WORD_S = 0.24
GAP_S = 0.06
DIGITS = 12
NUMBERS = DIGITS * DIGITS
# a number comes back after so many words, 43 seconds of speech

_VOICE_HZ = tuple(225 + 75 * voice for voice in range(VOICES))
_LOW_HZ = tuple(1_125 + 75 * digit for digit in range(DIGITS))
_HIGH_HZ = tuple(2_025 + 75 * digit for digit in range(DIGITS))
# Opus at low bit rates keeps what is below 3 kHz best
_AMPLITUDE = 0.15
_RAMP_S = 0.01

WINDOW_SAMPLES = 1_280
# 53 ms: tones 75 Hz apart are four bins apart
HOP_SAMPLES = 480
HOP_S = HOP_SAMPLES / SAMPLE_HZ
_BIN_HZ = SAMPLE_HZ / WINDOW_SAMPLES
_CLEAR = 3.0
# how far the strongest tone of a band stands above the next
_QUIET = 2.0
# sum of the window's spectrum at a tone, below which there is none


def tone(frequency_hz: float, seconds: float, rate_hz: int = SAMPLE_HZ) -> Samples:
    """A steady tone with soft ends."""
    return _mixed((frequency_hz,), seconds, rate_hz)


def silence(seconds: float, rate_hz: int = SAMPLE_HZ) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * rate_hz), dtype=np.float32)


def spoken_word(voice: int, number: int, rate_hz: int = SAMPLE_HZ) -> Samples:
    """One word of a voice, and the gap behind it; numbers start at 1.

    Raises ValueError for a voice that does not exist.
    """
    if not 0 <= voice < VOICES or number < 1:
        raise ValueError(f"no voice {voice} or no word {number}")
    high, low = divmod((number - 1) % NUMBERS, DIGITS)
    word = _mixed((_VOICE_HZ[voice], _LOW_HZ[low], _HIGH_HZ[high]), WORD_S, rate_hz)
    return np.concatenate([word, silence(GAP_S, rate_hz)])


def spoken_words(
    voice: int, numbers: Iterable[int], rate_hz: int = SAMPLE_HZ
) -> Samples:
    """Some words of a voice, one every 0.3 s."""
    words = [spoken_word(voice, number, rate_hz) for number in numbers]
    return np.concatenate(words) if words else silence(0, rate_hz)


def heard_word(window: Samples) -> tuple[int, int] | None:
    """Voice and number (1 to 144) in 53 ms of audio; None if it is none of these."""
    spectrum = np.abs(np.fft.rfft(window * np.hanning(WINDOW_SAMPLES)))
    voice = _strongest(spectrum, _VOICE_HZ)
    low = _strongest(spectrum, _LOW_HZ)
    high = _strongest(spectrum, _HIGH_HZ)
    if voice is None or low is None or high is None:
        return None
    return voice, high * DIGITS + low + 1


def dominant_frequency(samples: Samples) -> float:
    """The strongest frequency of a block in Hz, 0.0 for silence."""
    if not len(samples):
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    peak = int(np.argmax(spectrum))
    return peak * SAMPLE_HZ / len(samples) if peak else 0.0


def _strongest(
    spectrum: np.ndarray[tuple[int], np.dtype[np.float64]], tones: tuple[int, ...]
) -> int | None:
    levels = [float(spectrum[round(hz / _BIN_HZ)]) for hz in tones]
    first, second = sorted(levels, reverse=True)[:2]
    if first < _QUIET or first < _CLEAR * second:
        return None
    return levels.index(first)


def _mixed(frequencies_hz: tuple[float, ...], seconds: float, rate_hz: int) -> Samples:
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    mixed = sum(np.sin(2 * np.pi * hz * times) for hz in frequencies_hz)
    edge = np.minimum(times, times[::-1]) / _RAMP_S
    shaped: Samples = (_AMPLITUDE * mixed * np.minimum(1.0, edge)).astype(np.float32)
    return shaped
