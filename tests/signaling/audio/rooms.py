# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Rooms people speak in: recorded speech over backgrounds, as levels per 20 ms."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from signaling.audio.energy import level_of
from signaling.audio.gate import SilenceGate
from signaling.audio.packet import OpusPacket

PACKET_S = 0.02
PACKET_SAMPLES = 960
VOICED_DB = 20
"Frames of clean speech within this distance of its loud frames carry sound."
SYLLABLE_PACKETS = 4
"The shortest syllables last 80 ms."

Audio = npt.NDArray[np.float32]


def noise(seconds: float, dbov: float, seed: int = 1) -> Audio:
    """Air conditioning: noise of one loudness."""
    samples = np.random.default_rng(seed).standard_normal(round(seconds * 48_000))
    return (samples * 10 ** (dbov / 20)).astype(np.float32)


def office(seconds: float, seed: int = 2) -> Audio:
    """Noise that swells and falls by some dB within seconds, never a voice."""
    wobble = np.random.default_rng(seed).standard_normal(round(seconds) + 2) * 1.5
    at = np.arange(round(seconds * 48_000)) / 48_000
    swell = 10 ** (np.interp(at, np.arange(len(wobble)), wobble) / 20)
    return (noise(seconds, -56, seed) * swell).astype(np.float32)


def keyboard(seconds: float, seed: int = 3) -> Audio:
    """Six keys a second: clicks of 8 ms, as loud as speech, over a quiet room."""
    random = np.random.default_rng(seed)
    audio = noise(seconds, -65, seed)
    for start_s in np.cumsum(random.uniform(0.1, 0.25, round(seconds * 6))):
        start = round(start_s * 48_000)
        click = noise(0.008, -22, int(start_s * 1000))
        if start + len(click) < len(audio):
            audio[start : start + len(click)] += click
    return audio


def music(seconds: float, dbov: float = -24.0) -> Audio:
    """Music on hold: chords that change, never a pause."""
    at = np.arange(round(seconds * 48_000)) / 48_000
    chord = sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 277.2, 329.6))
    beat = 0.6 + 0.4 * np.abs(np.sin(2 * np.pi * 1.0 * at))
    return (chord * beat / 1.5 * 10 ** (dbov / 20)).astype(np.float32)


def levels(audio: Audio) -> list[int]:
    """RFC 6464 levels of 20 ms packets, as a browser measures them."""
    usable = len(audio) // PACKET_SAMPLES * PACKET_SAMPLES
    blocks = audio[:usable].reshape(-1, PACKET_SAMPLES).astype(np.float64) * 32_768
    return [level_of(float(b @ b), PACKET_SAMPLES) for b in blocks]


def voiced(clean: Audio) -> list[bool]:
    """Which packets of clean speech carry a voice, not just a breath or a click."""
    loudness = levels(clean)
    loud = sorted(loudness)[int(len(loudness) * 0.95)]
    sounds = [level > loud - VOICED_DB for level in loudness]
    runs = [(is_sound, len(list(run))) for is_sound, run in groupby(sounds)]
    return [
        is_sound and length >= SYLLABLE_PACKETS
        for is_sound, length in runs
        for _ in range(length)
    ]


@dataclass(slots=True)
class Heard:
    """What a gate made of a microphone."""

    passed: list[bool]
    "Per packet."
    open_s: float
    openings: int

    def kept(self, wanted: list[bool]) -> float:
        """Share of wanted packets that went through."""
        count = sum(wanted)
        return sum(p and w for p, w in zip(self.passed, wanted, strict=True)) / count


def listen(loudness: list[int], idle_s: float = 20.0) -> Heard:
    """Put a microphone's levels through a gate."""
    gate = SilenceGate(idle_s, lambda payload: -127)
    heard = Heard([False] * len(loudness), 0.0, 0)
    for packet in packets(loudness):
        for item in gate.push(packet):
            heard.passed[round(item.arrived_s / PACKET_S)] = True
        heard.open_s += gate.is_open * PACKET_S
    heard.openings = gate.openings
    return heard


def packets(loudness: list[int]) -> Iterator[OpusPacket]:
    """20 ms packets of these levels; the sequence starts at 0."""
    for number, level in enumerate(loudness):
        yield OpusPacket(
            b"\xf8\xff\xfe", number & 0xFFFF, number * 960, level, number * PACKET_S
        )
