# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The window in which a connection is renewed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.stt.reasons import Renewal
from signaling.stt.renewal import RenewalPlan
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import Limits
from signaling.stt.wires import WIRES

TIMING = StreamTiming(renew_ahead_s=60.0, renew_jitter=1.0)


@pytest.mark.parametrize(("spread", "window_s"), [(0.0, 1540.0), (1.0, 1480.0)])
def test_window_opens_ahead_of_the_limit_and_is_spread(
    spread: float, window_s: float
) -> None:
    """Connections that began together are not renewed together."""
    plan = RenewalPlan(Limits(1500.0), TIMING, 100.0, spread)
    assert plan.window_s == window_s
    assert plan.limit_s == 1600.0
    assert plan.reason(window_s - 0.1, 0) is None
    assert plan.reason(window_s, 0) is Renewal.AGE
    assert not plan.is_over(1599.9, 0)
    assert plan.is_over(1600.0, 0)


def test_limit_of_the_timing_counts_before_that_of_the_wire() -> None:
    """Whoever knows the service better says so."""
    plan = RenewalPlan(Limits(1500.0), StreamTiming(connection_s=300.0), 0.0, 0.0)
    assert (plan.window_s, plan.limit_s) == (240.0, 300.0)


def test_next_look_is_at_the_window_then_at_the_limit() -> None:
    """Nobody has to look in between."""
    plan = RenewalPlan(Limits(1000.0), TIMING, 0.0, 0.0)
    assert plan.next_s(0.0) == 940.0
    assert plan.next_s(940.0) == 1000.0


def test_bytes_have_a_window_too() -> None:
    """A tenth of them remains for a pause to come."""
    plan = RenewalPlan(Limits(1000.0, 1_400_000), TIMING, 0.0, 0.0)
    assert plan.reason(0.0, 1_259_999) is None
    assert plan.reason(0.0, 1_260_000) is Renewal.SIZE
    assert not plan.is_over(0.0, 1_399_999)
    assert plan.is_over(0.0, 1_400_000)
    assert plan.reason(950.0, 1_300_000) is Renewal.AGE


@given(
    limit_s=st.floats(0.1, 10_000.0),
    ahead_s=st.floats(0.0, 10_000.0),
    jitter=st.floats(0.0, 1.0),
    spread=st.floats(0.0, 1.0),
)
def test_window_is_never_more_than_half_of_a_connection(
    limit_s: float, ahead_s: float, jitter: float, spread: float
) -> None:
    """However odd the times are, a connection is used before it is renewed."""
    timing = StreamTiming(renew_ahead_s=ahead_s, renew_jitter=jitter)
    plan = RenewalPlan(Limits(limit_s), timing, 0.0, spread)
    assert limit_s * 0.499 <= plan.window_s <= plan.limit_s == limit_s


@pytest.mark.parametrize(
    ("wire", "killed_s"), [("modal-opus", 600), ("modal-pcm", 1800), ("moshi", 3600)]
)
def test_every_wire_is_renewed_a_minute_before_its_service_acts(
    wire: str, killed_s: float
) -> None:
    """So that the flush of the last words fits in, even at the limit."""
    plan = RenewalPlan(WIRES[wire].limits, StreamTiming(), 0.0, 0.0)
    assert plan.limit_s <= killed_s - 60.0


def test_only_planned_renewals_wait_for_a_pause() -> None:
    """A connection that brings nothing is not worth waiting for."""
    patient = {reason for reason in Renewal if not reason.is_urgent}
    assert patient == {Renewal.AGE, Renewal.SIZE}
