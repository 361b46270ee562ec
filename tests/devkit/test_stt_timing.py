# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the services do by the clock, with times made up."""

import pytest

from devkit.stt_record import Limits
from devkit.stt_timing import NEVER, EndOfSessionError, Habits, Timekeeper


def keeper(wire: str) -> Timekeeper:
    """Opened at second 100."""
    return Timekeeper(Habits.of(wire, Limits()), 100.0)


@pytest.mark.parametrize(
    ("wire", "next_s"),
    [
        ("modal-pcm", 130.0),
        ("modal-pcm-subword", 110.0),
        ("modal-opus", 110.0),
        ("moshi", 110.0),
    ],
)
def test_first_thing_each_service_does(wire: str, next_s: float) -> None:
    """30 s of patience at one, a ping after 10 s at the others."""
    assert keeper(wire).next_s(None) == next_s


def test_a_service_without_habits_waits_for_ever() -> None:
    """The client alone decides."""
    assert Timekeeper(Habits(), 5.0).next_s(None) == NEVER


def test_idle_client_is_closed_with_1000() -> None:
    """Each message starts the time again."""
    time = keeper("modal-pcm")
    time.message(is_binary=True, now_s=129.0)
    assert not time.check(None, 158.0)
    with pytest.raises(EndOfSessionError, match="idle") as end:
        time.check(None, 159.0)
    assert end.value.code == 1000


def test_json_pings_come_whatever_else_is_said() -> None:
    """Every ten seconds, words or not."""
    time = keeper("modal-opus")
    time.message(is_binary=True, now_s=109.0)
    time.said(109.5)
    assert not time.check(None, 109.9)
    assert time.check(None, 110.0)
    assert not time.check(None, 110.1)
    assert time.next_s(None) == 119.0


def test_moshi_pings_only_after_saying_nothing() -> None:
    """Ten seconds without output."""
    time = keeper("moshi")
    time.said(105.0)
    assert not time.check(None, 110.0)
    assert time.check(None, 115.0)
    time.pong(115.1)
    assert time.next_s(None) == 125.0


def test_moshi_drops_who_does_not_answer_pings() -> None:
    """Twenty seconds without a message or a pong; no close frame."""
    time = keeper("moshi")
    assert time.check(None, 110.0)
    time.pong(110.1)
    with pytest.raises(EndOfSessionError, match="unheard") as end:
        time.check(None, 130.2)
    assert end.value.code is None


def test_moshi_drops_who_sends_no_audio() -> None:
    """Pongs and texts keep it alive for two minutes only."""
    time = keeper("moshi")
    time.message(is_binary=True, now_s=101.0)
    time.message(is_binary=False, now_s=215.0)
    assert time.check(None, 220.0)
    with pytest.raises(EndOfSessionError, match="no audio"):
        time.check(None, 221.0)


def test_session_limit_cuts() -> None:
    """It counts from the opening, and may be set later."""
    time = keeper("modal-pcm")
    assert time.next_s(7.0) == 107.0
    assert not time.check(7.0, 106.9)
    with pytest.raises(EndOfSessionError, match="limit") as end:
        time.check(7.0, 107.0)
    assert end.value.code is None
