# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The gate in rooms: what it keeps of recorded speech, and what silence costs."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from devkit.recordings import speech
from signaling.audio.noise import WINDOW
from tests.signaling.audio.rooms import (
    PACKET_S,
    Audio,
    Heard,
    keyboard,
    levels,
    listen,
    music,
    noise,
    office,
    voiced,
)

KEPT = 0.998
PEOPLE = 20
MINUTES = 10
STREAMS = 1.3

Room = Callable[[float], Audio]
ROOMS: dict[str, Room] = {
    "digital silence": lambda seconds: np.zeros(round(seconds * 48_000), np.float32),
    "quiet": lambda seconds: noise(seconds, -65),
    "office": office,
    "keyboard": keyboard,
    "air conditioning": lambda seconds: noise(seconds, -52),
}


def pause(seconds: float) -> Audio:
    """Nothing."""
    return np.zeros(round(seconds * 48_000), np.float32)


def talk(gain_db: float = 0.0) -> Audio:
    """Half a minute of recorded speech twice, a minute of silence between."""
    spoken = speech("two_cities.wav", 0, 36) * np.float32(10 ** (gain_db / 20))
    return np.concatenate((pause(10), spoken, pause(60), spoken, pause(5)))


def speak_in(clean: Audio, room: Audio) -> Heard:
    """Clean speech in a room, through a gate."""
    length = min(len(clean), len(room))
    return listen(levels(clean[:length] + room[:length]))


@pytest.mark.parametrize("name", ROOMS)
@pytest.mark.parametrize("gain_db", [0.0, -6.0])
def test_voiced_frames_are_kept(name: str, gain_db: float) -> None:
    """In every room, for a normal and a quiet voice; one stream per turn."""
    clean = talk(gain_db)
    heard = speak_in(clean, ROOMS[name](len(clean) / 48_000))
    assert heard.kept(voiced(clean)[: len(heard.passed)]) >= KEPT
    assert heard.openings == 2


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_in_which_nobody_speaks_cost_nothing(name: str) -> None:
    """Five minutes of them."""
    assert listen(levels(ROOMS[name](300))).openings == 0


def test_a_room_that_gets_loud_costs_one_stream_for_a_while() -> None:
    """A fan is switched on: the floor follows within its window."""
    heard = listen(levels(np.concatenate((noise(60, -60), noise(240, -42)))))
    assert heard.openings == 1
    assert heard.open_s < 20 + WINDOW * PACKET_S + 1


def test_a_voice_over_music_on_hold_is_kept() -> None:
    """Loud music may cost a stream; it never costs a word."""
    clean = talk(6.0)
    heard = speak_in(clean, music(len(clean) / 48_000, -45))
    assert heard.kept(voiced(clean)[: len(heard.passed)]) >= KEPT


def test_two_people_at_one_microphone() -> None:
    """Who answers from farther away is heard, too."""
    near = speech("two_cities.wav", 0, 12)
    far = speech("beckett.wav") * np.float32(10 ** (-8 / 20))
    clean = np.concatenate((pause(10), near, pause(0.5), far, pause(3), near, far))
    heard = speak_in(clean, office(len(clean) / 48_000))
    assert heard.kept(voiced(clean)[: len(heard.passed)]) >= KEPT


def test_a_voice_that_fades_in_is_kept_from_where_it_is_heard() -> None:
    """3 dB louder with every second, out of the noise of an office."""
    spoken = speech("two_cities.wav", 0, 30)
    at = np.arange(len(spoken)) / 48_000
    rising = (spoken * 10 ** (np.minimum(0, -45 + 3 * at) / 20)).astype(np.float32)
    clean, room = np.concatenate((pause(10), rising)), office(40)
    heard = speak_in(clean, room)
    audible = [level > -46 for level in levels(clean)][: len(heard.passed)]
    assert heard.kept(audible) >= KEPT
    assert heard.openings == 1


def test_twenty_people_who_talk_one_at_a_time_need_hardly_more_than_one_stream() -> (
    None
):
    """Each at a microphone of their own, in a room of their own."""
    chance = random.Random(11)
    packets_in_all = round(MINUTES * 60 / PACKET_S)
    spoken = np.tile(levels(speech("two_cities.wav")), 4)
    microphones = [
        np.round(np.array([chance.gauss(mean, 1.2) for _ in range(packets_in_all)]))
        for mean in (chance.choice((-75, -65, -58, -52)) for _ in range(PEOPLE))
    ]
    wanted = [np.zeros(packets_in_all, bool) for _ in range(PEOPLE)]
    at = 500
    while at < packets_in_all:
        person = chance.randrange(PEOPLE)
        turn = spoken[
            : min(round(chance.uniform(50, 110) / PACKET_S), packets_in_all - at)
        ]
        here = microphones[person][at : at + len(turn)]
        wanted[person][at : at + len(turn)] = turn > -46
        microphones[person][at : at + len(turn)] = np.maximum(here, turn)
        at += len(turn) + round(chance.uniform(0.2, 2) / PACKET_S)
    heard = [listen([int(level) for level in levels_]) for levels_ in microphones]
    assert sum(h.open_s for h in heard) / (MINUTES * 60) <= STREAMS
    kept = sum(
        sum(p and w for p, w in zip(h.passed, want, strict=True))
        for h, want in zip(heard, wanted, strict=True)
    )
    assert kept / sum(int(want.sum()) for want in wanted) >= KEPT
