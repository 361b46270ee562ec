# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The level of a room while nobody speaks."""

import random
import statistics

from hypothesis import given
from hypothesis import strategies as st

from signaling.audio.noise import QUIET_ROOM_DBOV, TRUSTED, WINDOW, NoiseFloor


def floor_of(levels: list[int]) -> int:
    """The floor after these levels."""
    floor = NoiseFloor()
    for level in levels:
        floor.add(level)
    return floor.dbov


def test_steady_noise_is_the_floor() -> None:
    """Within a dB or two."""
    chance = random.Random(5)
    levels = [round(chance.gauss(-50, 1)) for _ in range(WINDOW)]
    assert -53 <= floor_of(levels) <= -50


def test_speech_does_not_lift_the_floor() -> None:
    """Somebody who pauses for a fifth of the time is no noise."""
    levels = ([-25] * 40 + [-60] * 10) * 10
    assert floor_of(levels) == -60


def test_an_unknown_room_is_taken_for_a_quiet_one() -> None:
    """Who speaks at once is not mistaken for a loud room."""
    assert floor_of([-20] * (TRUSTED - 1)) == QUIET_ROOM_DBOV
    assert floor_of([-20] * (TRUSTED + 10)) == -20
    assert floor_of([-75] * 20) == -75


def test_a_muted_microphone_says_nothing_about_the_room() -> None:
    """After unmuting, the room is as loud as it was before."""
    assert floor_of([-50] * 200 + [-127] * 1000) == -50
    assert NoiseFloor().dbov == QUIET_ROOM_DBOV


def test_the_floor_follows_a_room_that_gets_louder() -> None:
    """Somebody opens a window: within 8 s it is the new floor."""
    assert floor_of([-60] * WINDOW + [-45] * WINDOW) == -45


@given(st.lists(st.integers(-200, 50), max_size=WINDOW + 60))
def test_the_floor_is_the_percentile_of_what_was_heard(levels: list[int]) -> None:
    """Whatever comes, and with the delay of a recount at most."""
    floor = floor_of(levels)
    assert -127 <= floor <= 0
    heard = [min(0, level) for level in levels if level > -90][-WINDOW - 10 :]
    if len(heard) > TRUSTED + 10:
        assert min(heard) <= floor <= statistics.median_high(heard)
