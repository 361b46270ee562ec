# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Each way a connection can end has one outcome."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import (
    SttCapacityError,
    SttError,
    SttRefusedError,
    SttUnavailableError,
)
from signaling.stt.closing import Life, closed, given_up, told
from signaling.stt.reasons import Failure
from signaling.stt.wire import NO_FREE_CHANNEL

YOUNG = Life(is_proved=False, is_young=True)
OLD = Life(is_proved=False, is_young=False)
PROVED = Life(is_proved=True, is_young=True)


@pytest.mark.parametrize(
    ("code", "life", "kind", "reason"),
    [
        (1000, YOUNG, SttCapacityError, Failure.CAPACITY),
        (1005, YOUNG, SttCapacityError, Failure.CAPACITY),
        (1011, YOUNG, SttCapacityError, Failure.CAPACITY),
        (None, YOUNG, SttCapacityError, Failure.CAPACITY),
        (1013, PROVED, SttCapacityError, Failure.CAPACITY),
        (1000, PROVED, SttUnavailableError, Failure.CLOSED),
        (1000, OLD, SttUnavailableError, Failure.CLOSED),
        (1001, OLD, SttUnavailableError, Failure.CLOSED),
        (1005, OLD, SttUnavailableError, Failure.CLOSED),
        (4711, OLD, SttUnavailableError, Failure.CLOSED),
        (None, OLD, SttUnavailableError, Failure.LOST),
        (1002, YOUNG, SttUnavailableError, Failure.REJECTED),
        (1003, OLD, SttUnavailableError, Failure.REJECTED),
        (1007, OLD, SttUnavailableError, Failure.REJECTED),
        (1009, PROVED, SttUnavailableError, Failure.REJECTED),
        (1010, OLD, SttUnavailableError, Failure.REJECTED),
        (1011, PROVED, SttUnavailableError, Failure.SERVER_ERROR),
        (1012, OLD, SttUnavailableError, Failure.SERVER_ERROR),
        (1014, OLD, SttUnavailableError, Failure.SERVER_ERROR),
        (1008, YOUNG, SttRefusedError, Failure.REFUSED),
        (3000, OLD, SttRefusedError, Failure.REFUSED),
        (3003, OLD, SttRefusedError, Failure.REFUSED),
        (1008, PROVED, SttUnavailableError, Failure.CLOSED),
    ],
)
def test_close_code_and_age_decide(
    code: int | None, life: Life, kind: type[SttError], reason: Failure
) -> None:
    """The code is in the text, so that an operator can look it up."""
    error = closed(code, life)
    assert type(error) is kind
    assert error.reason == reason
    assert ("no close frame" if code is None else "no code") in str(error) or (
        str(code) in str(error)
    )


@given(
    st.none() | st.integers(1000, 4999), st.builds(Life, st.booleans(), st.booleans())
)
def test_every_end_is_an_error_with_a_known_reason(
    code: int | None, life: Life
) -> None:
    """And only a refusal is final; a connection that has worked is never refused."""
    error = closed(code, life)
    assert Failure(error.reason)
    assert error.retryable != isinstance(error, SttRefusedError)
    assert not (life.is_proved and isinstance(error, SttRefusedError))


@pytest.mark.parametrize(
    ("reason", "life", "expected"),
    [
        (NO_FREE_CHANNEL, PROVED, Failure.CAPACITY),
        (NO_FREE_CHANNEL, OLD, Failure.CAPACITY),
        ("out of memory", YOUNG, Failure.CAPACITY),
        ("out of memory", OLD, Failure.SERVER_ERROR),
        ("out of memory", PROVED, Failure.SERVER_ERROR),
    ],
)
def test_told_failures(reason: str, life: Life, expected: Failure) -> None:
    """A message says the same as a close, where the wire has one."""
    error = told(reason, life)
    assert error.reason == expected
    assert reason in str(error)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1011, Failure.LOST),
        (1002, Failure.GARBAGE),
        (1007, Failure.GARBAGE),
        (1009, Failure.GARBAGE),
    ],
)
def test_end_that_our_side_brought_about(code: int, expected: Failure) -> None:
    """The library closes with 1011 for want of pongs, and for broken rules else."""
    error = given_up(code)
    assert error.reason == expected
    assert error.retryable
