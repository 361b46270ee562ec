# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Frames that wait: order, bound, pace, and what was not sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.stt.backlog import FRAME_S, Backlog


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
