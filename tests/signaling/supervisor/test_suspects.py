# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Sessions that the list of the call lacks are asked for audio, once."""

from signaling.supervisor.suspects import MANY, TRY_S, WAIT_S, Suspects


def asked(suspects: Suspects, now_s: float, *heard: str) -> frozenset[str]:
    """Who is to be asked, some of them being heard."""
    return suspects.to_ask(now_s, heard.__contains__)


def test_a_session_is_asked_after_a_while_and_not_for_ever() -> None:
    """A list usually comes; an offer that does not come never will."""
    suspects = Suspects()
    suspects.follow(["A"], 100.0)
    suspects.follow(["A"], 101.0)
    assert asked(suspects, 100.0 + WAIT_S - 0.1) == frozenset()
    assert asked(suspects, 100.0 + WAIT_S) == {"A"}
    assert asked(suspects, 100.0 + WAIT_S + TRY_S) == frozenset()


def test_who_is_heard_stays() -> None:
    """However long the list goes on lacking somebody."""
    suspects = Suspects()
    suspects.follow(["A"], 0.0)
    assert asked(suspects, 1000.0, "A") == {"A"}
    assert "A" in suspects


def test_who_is_listed_or_gone_is_no_suspect() -> None:
    """And begins anew should the list lose them again."""
    suspects = Suspects()
    suspects.follow(["A"], 0.0)
    suspects.follow([], 5.0)
    assert "A" not in suspects
    assert asked(suspects, 5.0, "A") == frozenset()
    suspects.follow(["A"], 20.0)
    assert asked(suspects, 20.0 + WAIT_S) == {"A"}


def test_many_are_people_who_read_along() -> None:
    """A large conversation is not asked for audio one by one."""
    suspects = Suspects()
    suspects.follow([f"S{n}" for n in range(MANY + 1)], 0.0)
    assert asked(suspects, WAIT_S) == frozenset()
    assert asked(suspects, WAIT_S, "S3") == {"S3"}
