"""Pauses grow to a limit, are spread at random and never end."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.backoff import delays


@pytest.mark.parametrize(
    ("first_s", "factor", "limit_s", "expected"),
    [
        (2.0, 2.0, 60.0, [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]),
        (1.0, 1.0, 60.0, [1.0, 1.0, 1.0]),
        (90.0, 2.0, 60.0, [60.0, 60.0]),
        (0.0, 2.0, 60.0, [0.0, 0.0]),
    ],
)
def test_pauses_grow_up_to_the_limit(
    first_s: float, factor: float, limit_s: float, expected: list[float]
) -> None:
    """Without jitter the pauses are exact."""
    pauses = delays(first_s, factor, limit_s, 0.0, lambda: 1.0)
    assert list(islice(pauses, len(expected))) == expected


@given(
    first_s=st.floats(0.001, 100),
    factor=st.floats(1, 10),
    limit_s=st.floats(0.001, 1000),
    jitter=st.floats(0, 1),
    random=st.floats(0, 1),
)
def test_jitter_only_lengthens_and_is_bounded(
    first_s: float, factor: float, limit_s: float, jitter: float, random: float
) -> None:
    """Each pause lies between the exact one and that plus the share of it."""
    exact = islice(delays(first_s, factor, limit_s, 0.0, lambda: 0.0), 300)
    spread = delays(first_s, factor, limit_s, jitter, lambda: random)
    for pause_s in exact:
        assert pause_s <= limit_s
        assert pause_s <= next(spread) <= pause_s * (1 + jitter) * 1.000001


def test_pauses_do_not_end_or_overflow() -> None:
    """A peer may be down for weeks."""
    pauses = delays(2.0, 2.0, 60.0, 0.3, lambda: 0.5)
    assert next(islice(pauses, 20_000, None)) == pytest.approx(60.0 * 1.15)


def test_random_is_asked_anew_for_each_pause() -> None:
    """Or many clients would stay in step."""
    numbers = iter([0.0, 1.0, 0.5])
    pauses = delays(10.0, 1.0, 10.0, 0.5, lambda: next(numbers))
    assert list(islice(pauses, 3)) == [10.0, 15.0, 12.5]
