# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One wrong setting costs one failed hello, whatever number of calls there is."""

import pytest

from signaling.errors import HpbRefusedError, HpbThrottledError
from signaling.hpb.guard import PAUSE_S, HpbGuard


@pytest.fixture
def guard() -> HpbGuard:
    """A guard that has seen nothing yet."""
    return HpbGuard()


def test_only_one_client_tries_until_a_hello_has_worked(guard: HpbGuard) -> None:
    """The first to ask gets the trial and keeps it; the others wait."""
    assert guard.admit("a", 0.0)
    assert guard.admit("a", 1.0)
    assert not guard.admit("b", 1.0)
    guard.worked("https://cloud")
    assert guard.admit("b", 2.0)
    assert guard.admit("c", 2.0)
    assert guard.good_backend == "https://cloud"


def test_trial_passes_on_when_its_holder_is_done(guard: HpbGuard) -> None:
    """A client that found nobody there does not keep the others waiting."""
    guard.admit("a", 0.0)
    guard.release("b")
    assert not guard.admit("b", 0.0)
    guard.release("a")
    assert guard.admit("b", 0.0)


@pytest.mark.parametrize("error", [HpbRefusedError("no"), HpbThrottledError("wait")])
def test_refusal_blocks_everybody_for_five_minutes(
    guard: HpbGuard, error: HpbRefusedError | HpbThrottledError
) -> None:
    """The HPB bans an address after ten failures in half an hour."""
    guard.admit("a", 100.0)
    guard.refuse(error, 100.0)
    assert guard.blocked(100.0) is error
    assert not guard.admit("b", 100.0 + PAUSE_S - 0.1)
    assert guard.blocked(100.0 + PAUSE_S) is None
    assert PAUSE_S == 300.0


def test_after_the_pause_one_client_tries_alone(guard: HpbGuard) -> None:
    """What was refused once is not trusted again at once."""
    guard.worked("https://cloud")
    guard.refuse(HpbRefusedError("no"), 0.0)
    assert guard.good_backend == ""
    assert guard.admit("a", PAUSE_S)
    assert not guard.admit("b", PAUSE_S)


def test_lost_connection_brings_the_trial_back(guard: HpbGuard) -> None:
    """The HPB may come back with another secret; the good URL is still a good guess."""
    guard.worked("https://cloud")
    guard.doubt()
    assert guard.admit("a", 0.0)
    assert not guard.admit("b", 0.0)
    assert guard.good_backend == "https://cloud"


def test_clear_lifts_the_block(guard: HpbGuard) -> None:
    """The operator has corrected the setting and does not want to wait."""
    guard.refuse(HpbRefusedError("no"), 0.0)
    guard.clear()
    assert guard.blocked(1.0) is None
    assert guard.admit("a", 1.0)
