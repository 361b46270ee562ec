# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The same message once in a while, and all of them not too fast."""

from calls.logfolding import FOLDED_S, MAX_KINDS, PER_MINUTE, Folding, Pace


def test_the_same_is_told_once_and_then_counted() -> None:
    folding = Folding()
    assert folding.admit("lost", 0.0) == 0
    assert [folding.admit("lost", float(now_s)) for now_s in range(1, 13)] == [
        None
    ] * 12
    assert folding.admit("found", 1.0) == 0
    assert folding.admit("lost", FOLDED_S) == 12
    assert folding.admit("lost", 2 * FOLDED_S) == 0


def test_kinds_are_bounded_and_none_is_lost_uncounted() -> None:
    folding = Folding()
    folding.admit("first", 0.0)
    folding.admit("first", 0.0)
    for number in range(MAX_KINDS):
        folding.admit(number, 0.0)
    assert folding.forgotten == 1
    assert folding.admit("first", 1.0) == 0


def test_twenty_in_any_minute() -> None:
    pace = Pace()
    for number in range(PER_MINUTE):
        assert pace.wait_s(float(number)) == 0
        pace.note(float(number))
    assert pace.wait_s(20.0) == 40.0
    assert pace.wait_s(60.0) == 0
