# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A recogniser understands the same with and without the gate."""

import string

import numpy as np
import pytest

from devkit.moonshine import MoonshineEngine
from devkit.recordings import speech
from signaling.audio.energy import EnergyMeter
from signaling.audio.gate import SilenceGate
from signaling.audio.packet import Frame, OpusPacket
from signaling.audio.pcm import PcmFramer
from signaling.supervisor.transcription import TAIL_S
from tests.signaling.audio.opus import encode
from tests.signaling.audio.rooms import Audio, noise

IDLE_S = 20.0
PAUSES_S = (1.0, 25.0, 60.0)
WORDS = 24
"In the passage."


def meeting() -> Audio:
    """A passage with pauses of every length behind it, in a quiet room."""
    passage = speech("two_cities.wav", 0.0, 8.0)
    parts = [np.zeros(2 * 48_000, dtype=np.float32)]
    for pause_s in (*PAUSES_S, 3.0):
        parts += [passage, np.zeros(round(pause_s * 48_000), dtype=np.float32)]
    audio = np.concatenate(parts)
    return audio + noise(len(audio) / 48_000, -72)[: len(audio)]


def streams(audio: Audio, gate: SilenceGate | None) -> list[list[Frame]]:
    """The frames of each stream that is opened for this audio; one without a gate."""
    found: list[list[Frame]] = [[]]
    framer = PcmFramer()
    for number, payload in enumerate(encode(audio)):
        packet = OpusPacket(payload, number & 0xFFFF, number * 960, None, number * 0.02)
        for item in [packet] if gate is None else gate.push(packet):
            found[-1] += framer.push(item)
        if found[-1] and gate is not None and not gate.is_open:
            found[-1] += [*framer.drain(0.0), *framer.silence(TAIL_S, 0.0)]
            found.append([])
    found[-1] += framer.silence(TAIL_S, 0.0)
    return found


def words(engine: MoonshineEngine, frames: list[Frame]) -> list[str]:
    """What one stream is understood as, without punctuation and case."""
    samples = np.frombuffer(b"".join(f.parts[0] for f in frames), dtype="<f4")
    texts = " ".join(engine.transcribe_samples(samples)).lower().split()
    return [text.strip(string.punctuation) for text in texts]


@pytest.mark.timeout(120)
def test_the_same_words_come_out() -> None:
    """Real speech, with pauses of 1 to 60 s; half of the audio costs nothing."""
    audio = meeting()
    gated = streams(audio, SilenceGate(IDLE_S, EnergyMeter().measure))
    with MoonshineEngine() as engine:
        expected = words(engine, streams(audio, None)[0])
        heard = [word for frames in gated for word in words(engine, frames)]
    assert len(heard) == len(expected) == (len(PAUSES_S) + 1) * WORDS
    # The small model hears a word in a hundred differently at the next sample already.
    # What a gate may cost are first and last words: those are the same throughout.
    other = [
        n
        for n, pair in enumerate(zip(heard, expected, strict=True))
        if len({*pair}) > 1
    ]
    assert len(other) <= 2
    assert not {n % WORDS for n in other} & {0, 1, WORDS - 2, WORDS - 1}
    assert len([frames for frames in gated if len(frames) > 40]) == 3
