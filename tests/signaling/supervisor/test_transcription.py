# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Packets in, words out: speech opens streams, silence ends them, no word is lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from devkit.tones import spoken_words
from signaling.audio.energy import EnergyMeter
from signaling.audio.ogg import PlainMuxer
from signaling.audio.packet import OpusPacket
from signaling.audio.pcm import PcmFramer
from signaling.config import SttConfig
from signaling.stt.stream import SttStream
from signaling.stt.wires import WIRES
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.streams import NO_SLOT, REFUSED
from signaling.supervisor.transcription import AudioPath, Transcription
from tests.signaling.audio.opus import encode

IDLE_S = 1.0


@pytest.fixture
async def stt() -> AsyncIterator[SttServer]:
    """Understands words made of tones, on the wire that ends fastest."""
    async with SttServer(NumberedEngine(), delay_s=0.2) as server:
        yield server


@dataclass
class Person:
    """A speaker's transcription, and what became of it."""

    transcription: Transcription
    words: list[str] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)


def path_to(stt: SttServer, url: str = "") -> AudioPath:
    """The way to this server."""
    config = SttConfig(
        url=url or stt.moshi_url,
        wire="moshi",
        headers=(("kyutai-api-key", "public_token"),),
    )
    return AudioPath(
        new_framer=PcmFramer,
        new_stream=lambda: SttStream(config, WIRES["moshi"], PlainMuxer),
        idle_s=IDLE_S,
    )


@asynccontextmanager
async def person(path: AudioPath, slots: StreamSlots) -> AsyncIterator[Person]:
    """Somebody whose words are collected; ends with the last of them."""
    words: list[str] = []
    states: list[tuple[str, str]] = []
    someone = Person(
        Transcription(
            path,
            slots,
            lambda text, started_s: words.extend(text.split()),
            lambda state, why: states.append((state, why)),
        ),
        words,
        states,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(someone.transcription.run())
        await asyncio.sleep(0)
        yield someone
        await someone.transcription.finish()


class Microphone:
    """Words and pauses as packets in real time, with one clock over all of them."""

    def __init__(self, voice: int, *, has_levels: bool = True) -> None:
        self._voice = voice
        self._meter = EnergyMeter() if has_levels else None
        self._sequence = 0
        self._timestamp = 0

    async def say(self, who: Person, numbers: range) -> None:
        """Speak words."""
        await self._play(who, spoken_words(self._voice, numbers, 48_000))

    async def pause(self, who: Person, seconds: float) -> None:
        """Say nothing; packets come all the same."""
        await self._play(who, np.zeros(round(seconds * 48_000), dtype=np.float32))

    def rest(self, seconds: float) -> None:
        """Send nothing at all, as browsers may when they are muted."""
        self._timestamp += round(seconds * 48_000)

    async def _play(self, who: Person, audio: np.ndarray) -> None:
        start_s = time.monotonic()
        for number, payload in enumerate(encode(audio)):
            await asyncio.sleep(start_s + number * 0.02 - time.monotonic())
            level = self._meter.measure(payload) if self._meter else None
            who.transcription.take(
                OpusPacket(
                    payload,
                    self._sequence & 0xFFFF,
                    self._timestamp & 0xFFFFFFFF,
                    level,
                    time.monotonic(),
                )
            )
            self._sequence += 1
            self._timestamp += 960


def numbered(numbers: range) -> list[str]:
    """What these words are understood as."""
    return [f"w{number}" for number in numbers]


@pytest.mark.parametrize("has_levels", [True, False])
async def test_speech_opens_a_stream_and_silence_ends_it(
    stt: SttServer, *, has_levels: bool
) -> None:
    """Somebody who says nothing costs nothing; each turn's words all come."""
    slots = StreamSlots(4)
    async with person(path_to(stt), slots) as ann:
        microphone = Microphone(0, has_levels=has_levels)
        await microphone.pause(ann, 0.6)
        assert (stt.handshakes, slots.used) == (0, 0)
        await microphone.say(ann, range(1, 5))
        await microphone.pause(ann, IDLE_S + 1.0)
        assert ann.words == numbered(range(1, 5))
        assert (len(stt.open_records), slots.used) == (0, 0)
        await microphone.say(ann, range(5, 9))
    assert ann.words == numbered(range(1, 9))
    assert stt.handshakes == 2
    told = [state for state, _ in ann.states]
    assert told[:4] == ["connecting", "listening", "silent", "connecting"]
    counters = ann.transcription.counters
    assert (counters.words, counters.streams, counters.dropped_frames) == (8, 2, 0)
    assert 2.4 <= counters.speech_s <= 4.2
    assert counters.speech_s < counters.stt_s < counters.audio_s + 2.0


async def test_a_pause_without_packets_ends_the_stream_as_well(stt: SttServer) -> None:
    """Muted browsers send nothing; the clock closes what nobody speaks into."""
    slots = StreamSlots(4)
    async with person(path_to(stt), slots) as ann:
        microphone = Microphone(0)
        await microphone.say(ann, range(1, 4))
        await asyncio.sleep(IDLE_S + 1.2)
        assert ann.words == numbered(range(1, 4))
        assert slots.used == 0
        microphone.rest(IDLE_S + 1.2)
        await microphone.say(ann, range(4, 7))
    assert ann.words == numbered(range(1, 7))


async def test_a_speaker_without_a_slot_waits_and_loses_no_word(stt: SttServer) -> None:
    """One stream for two: who has fallen silent gives way, visibly."""
    slots = StreamSlots(1)
    path = path_to(stt)
    async with person(path, slots) as ann, person(path, slots) as ben:
        ann_microphone, ben_microphone = Microphone(0), Microphone(1)
        await ann_microphone.say(ann, range(1, 6))
        await ben_microphone.say(ben, range(1, 16))
    assert ann.words == numbered(range(1, 6))
    assert ben.words == numbered(range(1, 16))
    assert ("waiting", "all 1 streams are in use") in ben.states
    assert ben.states[-1][0] == "listening"
    assert ann.transcription.drops.total() == 0
    assert ben.transcription.drops.total() == 0


async def test_a_short_answer_waits_no_longer_than_the_other_speaks(
    stt: SttServer,
) -> None:
    """Said while all streams were in use, and nothing more after it."""
    slots = StreamSlots(1)
    path = replace(path_to(stt), idle_s=30.0)
    async with person(path, slots) as ann, person(path, slots) as ben:
        ann_microphone, ben_microphone = Microphone(0), Microphone(1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ann_microphone.say(ann, range(1, 6)))
            await asyncio.sleep(0.4)
            tasks.create_task(ben_microphone.say(ben, range(1, 3)))
        assert ben.words == []
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(ann_microphone.pause(ann, 5.0))
            tasks.create_task(ben_microphone.pause(ben, 5.0))
        assert ann.words == numbered(range(1, 6))
        assert ben.words == numbered(range(1, 3))


async def test_who_leaves_while_waiting_is_counted(stt: SttServer) -> None:
    """Words nobody could take are not lost silently."""
    slots = StreamSlots(1)
    path = path_to(stt)
    async with person(path, slots) as ann:
        async with person(path, slots) as ben, asyncio.TaskGroup() as tasks:
            tasks.create_task(Microphone(0).say(ann, range(1, 5)))
            await asyncio.sleep(0.2)
            tasks.create_task(Microphone(1).say(ben, range(1, 4)))
        assert slots.waiting == 0
        drops = ben.transcription.drops
        assert drops[NO_SLOT] == pytest.approx(0.9 / 0.08, abs=2)
    assert ann.words == numbered(range(1, 5))


async def test_a_refusal_is_told_once_and_counted(stt: SttServer) -> None:
    """Wrong credentials: no hammering, and every lost frame of speech has a reason."""
    stt.faults.handshake_status = 401
    async with person(path_to(stt), StreamSlots(1)) as ann:
        microphone = Microphone(0)
        await microphone.say(ann, range(1, 5))
        await microphone.pause(ann, IDLE_S + 0.5)
        await microphone.say(ann, range(5, 8))
    assert stt.handshakes == 1
    assert [state for state, _ in ann.states] == ["connecting", "failed"]
    drops = ann.transcription.drops
    assert drops[REFUSED] > 5
    assert ann.transcription.counters.failures == 1
