# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Freezes, stalls and pauses, by numbers alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.stt.backlog import FRAME_S
from signaling.stt.timing import StreamTiming
from signaling.stt.watchdog import Patience, PauseWatch, StallWatch


def reached(patience: Patience, amount: float, times: int) -> list[int]:
    """At which of the counts the limit was reached."""
    return [number for number in range(1, times + 1) if patience.add(amount)]


def test_limit_is_reached_once_and_doubles() -> None:
    """6 s of speech are 75 frames; the next time it takes 150, then 300, 300."""
    assert reached(Patience(6.0, 24.0), FRAME_S, 900) == [75, 225, 525, 825]


def test_what_is_in_order_makes_up_for_what_is_not() -> None:
    """One for one, and no further than to nothing; the limit stays as it is."""
    patience = Patience(2.0, 100.0)
    assert reached(patience, 1.0, 5) == [2]
    patience.relax(2.0)
    patience.relax(2.0)
    assert reached(patience, 1.0, 4) == [4]


def test_restored_patience_is_as_short_as_at_first() -> None:
    """A word proves that the service works."""
    patience = Patience(2.0, 100.0)
    assert reached(patience, 1.0, 7) == [2, 6]
    patience.restore()
    assert reached(patience, 1.0, 2) == [2]


@given(st.lists(st.integers(0, 4), max_size=100))
def test_words_in_time_never_reach_the_limit(between_words: list[int]) -> None:
    """Whatever else is sent: fewer than five counts between words are nothing."""
    patience = Patience(5.0, 50.0)
    for count in between_words:
        assert reached(patience, 1.0, count) == []
        patience.restore()


def run_stall(
    watch: StallWatch, took: float, seconds: float, burst: int = 0
) -> float | None:
    """Speech for so long, taken at so many times real time; when it stalled first."""
    waiting, taken = float(burst), 0.0
    watch.restart(burst, 0.0)
    for step in range(1, round(seconds / FRAME_S) + 1):
        now_s = step * FRAME_S
        watch.put(now_s)
        waiting += 1
        taken += took
        while taken >= 1.0 and waiting >= 1.0:
            waiting, taken = waiting - 1, taken - 1
        if watch.is_stalled(round(waiting), now_s):
            return now_s
    return None


def test_service_that_keeps_up_is_never_stalled() -> None:
    """At real time nothing waits."""
    assert run_stall(StallWatch(5.0, 30.0), 1.0, 60.0) is None


def test_backlog_that_shrinks_as_fast_as_it_may_is_no_stall() -> None:
    """Fifteen seconds of a cold start at twice real time."""
    assert run_stall(StallWatch(5.0, 30.0), 2.0, 60.0, burst=188) is None


def test_backlog_that_stays_is_a_stall() -> None:
    """After five seconds five seconds should have been caught up."""
    stalled_s = run_stall(StallWatch(5.0, 30.0), 1.0, 60.0, burst=188)
    assert stalled_s == pytest.approx(5.0, abs=0.2)


def test_service_at_half_of_real_time_stalls() -> None:
    """It lags by five seconds after ten."""
    stalled_s = run_stall(StallWatch(5.0, 30.0), 0.5, 60.0)
    assert stalled_s == pytest.approx(10.0, abs=0.2)


def test_burst_is_no_stall() -> None:
    """Audio that comes at once may go at twice real time as well."""
    watch = StallWatch(5.0, 30.0)
    watch.restart(0, 0.0)
    for _ in range(188):
        watch.put(100.0)
    assert not watch.is_stalled(188, 100.0)
    assert not watch.is_stalled(140, 102.0)
    assert watch.is_stalled(188, 105.0)


def test_stall_may_go_on_twice_as_long_until_caught_up() -> None:
    """A new connection makes no overloaded service faster."""
    watch = StallWatch(5.0, 30.0)
    watch.restart(0, 0.0)
    assert watch.is_stalled(63, 0.0)
    assert not watch.is_stalled(63, 0.0)
    assert watch.is_stalled(125, 0.0)
    assert not watch.is_stalled(0, 0.0)
    assert watch.is_stalled(63, 0.0)


def test_clock_that_stands_still_or_goes_back_harms_nothing() -> None:
    """Nothing is taken in no time."""
    watch = StallWatch(5.0, 30.0)
    watch.restart(10, 5.0)
    assert not watch.is_stalled(10, 4.0)


def pauses(spoken_frames: int = 0) -> PauseWatch:
    """A connection opened at second 100, with so much sent in no time."""
    timing = StreamTiming(pause_s=0.3, wordless_s=2.0, unbroken_s=1.0)
    watch = PauseWatch(timing, 100.0)
    for _ in range(spoken_frames):
        watch.sent(True, 100.0)
    return watch


OPEN_MICROPHONE = 13
"Frames of speech without a break that last a second."


def test_speech_is_no_pause() -> None:
    """As long as words come."""
    watch = pauses(OPEN_MICROPHONE)
    watch.sent(True, 101.9)
    assert not watch.in_pause(101.95)


def test_silent_frames_in_a_row_are_a_pause() -> None:
    """0.3 s are four frames; speech ends it."""
    watch = pauses()
    seen = []
    for number in range(4):
        watch.sent(False, 100.0 + number * 0.01)
        seen.append(watch.in_pause(100.04))
    assert seen == [False, False, False, True]
    watch.sent(True, 100.05)
    assert not watch.in_pause(100.06)


def test_sending_nothing_is_a_pause() -> None:
    """Nothing was said that could be cut."""
    watch = pauses()
    watch.sent(True, 100.5)
    assert watch.idle_s == pytest.approx(100.8)
    assert not watch.in_pause(100.7)
    assert watch.in_pause(100.85)


def test_service_knows_of_pauses_in_an_open_microphone() -> None:
    """Its word is good for a moment: the next one may be spoken already."""
    watch = pauses(OPEN_MICROPHONE)
    watch.paused(100.1)
    assert watch.in_pause(100.1)
    watch.sent(True, 100.4)
    assert not watch.in_pause(100.45)


def test_no_word_for_long_is_a_pause_in_an_open_microphone() -> None:
    """It sends for ever, and somebody breathes."""
    watch = pauses(OPEN_MICROPHONE)
    watch.word(101.0)
    watch.sent(True, 103.0)
    assert not watch.in_pause(102.9)
    assert watch.in_pause(103.0)


def test_service_is_not_asked_where_pauses_are_told() -> None:
    """It hears of speech late; who has just gone on would be cut."""
    watch = pauses(OPEN_MICROPHONE)
    watch.sent(False, 103.0)
    watch.sent(True, 103.0)
    watch.paused(103.0)
    assert not watch.in_pause(103.1)
