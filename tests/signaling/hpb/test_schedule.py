# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Quick tries while the session is kept, growing pauses after, no hammering."""

from collections.abc import Iterator

import pytest

from signaling.hpb.schedule import (
    RESUME_DELAYS_S,
    RESUME_WINDOW_S,
    STEADY_S,
    ReconnectSchedule,
)


def growing() -> Iterator[float]:
    """Pauses that tell their place in the series."""
    yield from (100.0, 200.0, 300.0)


@pytest.fixture
def schedule() -> ReconnectSchedule:
    """A schedule that has never seen a connection."""
    return ReconnectSchedule((0.0, 1.0, 2.0), growing)


def test_hpb_that_was_never_there_is_tried_with_growing_pauses(
    schedule: ReconnectSchedule,
) -> None:
    """There is no session to resume."""
    assert not schedule.can_resume(0.0)
    schedule.lost(0.0, had_session=False)
    assert [schedule.pause_s(False) for _ in range(2)] == [100.0, 200.0]


def test_session_is_resumed_at_once_and_then_with_short_pauses(
    schedule: ReconnectSchedule,
) -> None:
    """After the quick tries the pauses grow, also within the window."""
    schedule.joined(0.0)
    schedule.lost(1000.0, had_session=True)
    assert [schedule.pause_s(True) for _ in range(4)] == [0.0, 1.0, 2.0, 100.0]


def test_failed_attempts_do_not_start_the_pauses_or_the_window_anew(
    schedule: ReconnectSchedule,
) -> None:
    """Only a connection that had our session does."""
    schedule.joined(0.0)
    schedule.lost(1000.0, had_session=True)
    assert schedule.pause_s(True) == 0.0
    schedule.lost(1010.0, had_session=False)
    assert schedule.pause_s(True) == 1.0
    assert schedule.can_resume(1000.0 + RESUME_WINDOW_S)
    assert not schedule.can_resume(1000.0 + RESUME_WINDOW_S + 0.1)


def test_lost_session_goes_straight_to_growing_pauses(
    schedule: ReconnectSchedule,
) -> None:
    """After a bye there is nothing to resume in a hurry."""
    schedule.joined(0.0)
    schedule.lost(1000.0, had_session=True)
    assert schedule.pause_s(False) == 100.0


def test_peer_that_lets_us_in_and_drops_us_is_not_hammered(
    schedule: ReconnectSchedule,
) -> None:
    """The pauses go on growing until a connection has lasted for a while."""
    now_s, pauses = 0.0, []
    for _ in range(5):
        schedule.joined(now_s)
        now_s += STEADY_S - 0.1
        schedule.lost(now_s, had_session=True)
        pauses.append(schedule.pause_s(True))
    assert pauses == [0.0, 1.0, 2.0, 100.0, 200.0]
    schedule.joined(now_s)
    schedule.lost(now_s + STEADY_S, had_session=True)
    assert schedule.pause_s(True) == 0.0
    assert schedule.pause_s(False) == 100.0


def test_join_that_failed_is_repeated_by_the_same_session(
    schedule: ReconnectSchedule,
) -> None:
    """The hello was answered, so there is a session, though never a room."""
    schedule.lost(50.0, had_session=True)
    assert schedule.can_resume(60.0)
    assert schedule.pause_s(True) == 0.0


def test_quick_tries_fill_the_window() -> None:
    """The last one comes when the HPB forgets us."""
    assert sum(RESUME_DELAYS_S) == RESUME_WINDOW_S
    assert RESUME_DELAYS_S == (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
