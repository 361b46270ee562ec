# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pauses between attempts grow, are bounded, spread and never end."""

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
def test_pauses_grow_up_to_their_limit(
    first_s: float, factor: float, limit_s: float, expected: list[float]
) -> None:
    """Without jitter the series is the plain geometric one, cut at the limit."""
    pauses = delays(first_s, factor, limit_s, 0.5, lambda: 0.0)
    assert list(islice(pauses, len(expected))) == expected


def test_jitter_lengthens_by_its_share_at_most() -> None:
    """Clients of one broken peer come back at different moments, never earlier."""
    numbers = iter([0.0, 0.5, 1.0])
    pauses = delays(10.0, 1.0, 60.0, 0.2, lambda: next(numbers))
    assert list(islice(pauses, 3)) == [10.0, 11.0, 12.0]


@given(
    st.floats(0.01, 100.0),
    st.floats(1.0, 10.0),
    st.floats(0.01, 1000.0),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
)
def test_pauses_stay_within_bounds_for_ever(
    first_s: float, factor: float, limit_s: float, jitter: float, number: float
) -> None:
    """No input makes a pause negative or longer than the limit and its jitter."""
    pauses = list(
        islice(delays(first_s, factor, limit_s, jitter, lambda: number), 2000)
    )
    assert len(pauses) == 2000
    assert all(0.0 <= pause_s <= limit_s * (1.0 + jitter) for pause_s in pauses)
