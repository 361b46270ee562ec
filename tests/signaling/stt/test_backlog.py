# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Frames that wait: order, bound, pace, and what was not sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.stt.backlog import FRAME_S, KEPT_FRAMES, LEAD_FRAMES, Backlog
from signaling.stt.reasons import Drop


def filled(count: int, max_s: float = 15.0) -> Backlog[int]:
    """A backlog with numbered frames in it."""
    backlog = Backlog[int](max_s)
    for number in range(count):
        backlog.put(number)
    return backlog


def test_oldest_frame_is_dropped_and_counted_beyond_the_bound() -> None:
    """15 s are 188 frames; the 189th costs the first."""
    backlog = filled(188)
    assert backlog.dropped == 0
    assert not backlog.put(188)
    assert (len(backlog), backlog.dropped) == (188, 1)
    assert backlog.take(0.0) == 1


def test_put_says_whether_there_was_room() -> None:
    """So that the first drop can be told."""
    backlog = Backlog[int](2 * FRAME_S)
    assert [backlog.put(n) for n in range(3)] == [True, True, False]


def test_backlog_goes_out_at_twice_real_time() -> None:
    """Ten frames of 80 ms take 0.36 s: nine pauses of 40 ms."""
    backlog = filled(10)
    now_s = 100.0
    backlog.restart(now_s)
    for _ in range(10):
        now_s += backlog.wait_s(now_s)
        backlog.take(now_s)
        backlog.sent()
    assert now_s == pytest.approx(100.36)


def test_live_frames_are_never_held_up() -> None:
    """At real time no frame waits, however long the stream was quiet before."""
    backlog = Backlog[int]()
    for n in range(50):
        now_s = n * FRAME_S + (10.0 if n > 20 else 0.0)
        backlog.put(n)
        assert backlog.wait_s(now_s) == 0.0
        assert backlog.take(now_s) == n


def test_hurry_leaves_the_pace_alone() -> None:
    """Frames of a stream that ends go out without pauses."""
    backlog = filled(5)
    backlog.restart(1.0)
    for _ in range(5):
        backlog.take(1.0, hurry=True)
    assert backlog.wait_s(1.0) == 0.0


def test_unsent_frame_comes_first_on_the_next_connection() -> None:
    """What was taken and not sent is not lost with the connection."""
    backlog = filled(3)
    backlog.take(0.0)
    backlog.restart(0.0)
    assert [backlog.take(0.0) for _ in range(3)] == [0, 1, 2]


def test_sent_frame_never_comes_again() -> None:
    """Audio sent twice would be words said twice."""
    backlog = filled(2)
    backlog.take(0.0)
    backlog.sent()
    backlog.restart(0.0)
    assert backlog.take(0.0) == 1
    assert not backlog


def test_abandoned_frames_count_as_dropped() -> None:
    """Both those that wait and the one on its way."""
    backlog = filled(3)
    backlog.take(0.0)
    backlog.abandon()
    assert (len(backlog), backlog.dropped) == (0, 3)
    backlog.abandon()
    assert backlog.dropped == 3


def test_drops_have_the_reason_of_their_time() -> None:
    """Nobody there, somebody too slow, nobody any more."""
    backlog = filled(4, max_s=3 * FRAME_S)
    assert backlog.drops == {Drop.NO_CONNECTION: 1}
    backlog.restart(0.0)
    backlog.put(4)
    backlog.release()
    backlog.put(5)
    backlog.abandon()
    assert backlog.drops == {
        Drop.NO_CONNECTION: 2,
        Drop.SLOW_SERVER: 1,
        Drop.ENDED: 3,
    }
    assert backlog.dropped == 6


def send(backlog: Backlog[int], count: int) -> list[int]:
    """Take and send so many."""
    sent = []
    for _ in range(count):
        sent.append(backlog.take(0.0))
        backlog.sent()
    return sent


def spoken(number: int) -> bool:
    """Numbers below 100 are speech."""
    return number < 100


def test_frames_that_no_word_came_for_go_again() -> None:
    """Those that were sent, the one on its way, and those that wait, in order."""
    backlog = filled(5)
    backlog.restart(0.0)
    send(backlog, 2)
    backlog.take(0.0)
    assert backlog.replay(spoken) == 2
    backlog.restart(0.0)
    assert send(backlog, 5) == [0, 1, 2, 3, 4]


def test_what_a_word_came_for_does_not_go_again() -> None:
    """But for the last of it, in which the next word may have begun."""
    backlog = filled(20)
    backlog.restart(0.0)
    send(backlog, 10)
    backlog.answered()
    send(backlog, 5)
    assert backlog.replay(spoken) == KEPT_FRAMES + 5
    assert backlog.take(0.0) == 10 - KEPT_FRAMES


def test_silence_before_speech_is_not_sent_again() -> None:
    """Catching up takes time, and silence says nothing."""
    backlog = Backlog[int]()
    for number in [*range(100, 140), 1, 2, 150]:
        backlog.put(number)
    send(backlog, 43)
    assert backlog.replay(spoken) == LEAD_FRAMES + 3
    assert send(backlog, LEAD_FRAMES + 3) == [137, 138, 139, 1, 2, 150]


def test_nothing_goes_again_if_nothing_was_said() -> None:
    """A connection that breaks in a pause costs nothing."""
    backlog = Backlog[int]()
    for number in range(100, 110):
        backlog.put(number)
    send(backlog, 10)
    assert backlog.replay(spoken) == len(backlog) == 0


@pytest.mark.parametrize("end", ["release", "restart"])
def test_frames_of_a_connection_that_was_left_never_go_again(end: str) -> None:
    """It brings out their words itself."""
    backlog = filled(3)
    backlog.restart(0.0)
    send(backlog, 2)
    backlog.release() if end == "release" else backlog.restart(0.0)
    assert backlog.replay(spoken) == 0
    assert send(backlog, 1) == [2]


def test_frames_that_go_again_keep_the_bound() -> None:
    """The oldest of them go first, as ever."""
    backlog = filled(3, max_s=3 * FRAME_S)
    backlog.restart(0.0)
    send(backlog, 3)
    for number in range(3, 6):
        backlog.put(number)
    assert backlog.replay(spoken) == 3
    assert backlog.drops == {Drop.NO_CONNECTION: 3}
    assert send(backlog, 3) == [3, 4, 5]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["put", "send", "broke", "word"]), max_size=200))
def test_replayed_frames_are_in_order_and_accounted_for(steps: list[str]) -> None:
    """Whatever breaks how often: in order between two breaks, none lost uncounted."""
    backlog = Backlog[int](5 * FRAME_S)
    backlog.restart(0.0)
    put, sent, answered = 0, list[int](), 0
    for step in steps:
        if step == "put":
            backlog.put(put)
            put += 1
        elif step == "send" and backlog:
            sent += send(backlog, 1)
            assert sent == sorted(set(sent))
        elif step == "word":
            backlog.answered()
            answered = max(answered, len(sent) - KEPT_FRAMES)
        elif step == "broke":
            again = backlog.replay(spoken)
            assert again <= min(5, len(sent) - answered)
            sent, answered = [], 0
            backlog.restart(0.0)
    assert len(backlog) <= 5


@settings(deadline=None)
@given(st.lists(st.sampled_from(["put", "take", "fail", "sent"]), max_size=200))
def test_each_frame_is_sent_once_in_order_or_dropped(steps: list[str]) -> None:
    """Whatever breaks when: nothing twice, nothing out of order, all accounted for."""
    backlog = Backlog[int](5 * FRAME_S)
    put, sent, on_its_way = 0, [], None
    for step in steps:
        if step == "put":
            backlog.put(put)
            put += 1
        elif step == "take" and on_its_way is None and backlog:
            on_its_way = backlog.take(0.0)
        elif step == "sent" and on_its_way is not None:
            backlog.sent()
            sent.append(on_its_way)
            on_its_way = None
        elif step == "fail":
            backlog.restart(0.0)
            on_its_way = None
    assert sent == sorted(set(sent))
    backlog.abandon()
    assert len(sent) + backlog.dropped == put
