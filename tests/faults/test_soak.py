# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The short form of the soak: churn and a fault or two, and every word accounted for."""

from dataclasses import replace
from typing import Any

import pytest

from devkit.realhpb import available
from devkit.soak import Belongings, Soak
from devkit.soak_account import Account
from tests.conftest import missing

SECONDS = 30.0
WARM_UP_S = 6.0
SETTLE_S = 6.0
MEMORY_MIB = 10.0
"In so short a time caches are still filling up."


@pytest.mark.fault
@pytest.mark.hpb
@pytest.mark.timeout(150)
async def test_words_are_accounted_for_and_nothing_is_left_behind() -> None:
    """People mute themselves, leave and come back; the HPB is cut."""
    lacking = available()
    if lacking is not None:
        missing(lacking)
    samples: list[Belongings] = []
    soak = Soak(
        SECONDS,
        5,
        "modal-opus",
        warm_up_s=WARM_UP_S,
        settle_s=SETTLE_S,
        on_sample=samples.append,
    )
    outcome = await soak.run()
    assert outcome.problems(MEMORY_MIB) == []
    assert sum(outcome.faults.values()) >= 1
    assert outcome.account.read > 100
    assert samples[-1] == outcome.last


ACCOUNT = Account(
    sent=120,
    received=110,
    unread=4,
    dropped=6,
    read=100,
    repeated=0,
    dropped_frames=0,
    stt_s=60.0,
    speech_s=50.0,
)


def test_a_word_that_nobody_counted_is_a_problem() -> None:
    """Between the app and the reader nothing may get lost."""
    assert (ACCOUNT.in_flight, ACCOUNT.unaccounted, ACCOUNT.problems) == (10, 0, [])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"read": 99}, "1 words are not accounted for"),
        ({"repeated": 2}, "2 words came twice"),
        ({"received": 0, "unread": 0, "dropped": 0, "read": 0}, "nothing was read"),
    ],
)
def test_problems_are_named(change: dict[str, Any], problem: str) -> None:
    """Each in words of its own."""
    assert replace(ACCOUNT, **change).problems == [problem]
