# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The level of packets that came without one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.audio.energy import SILENCE_DBOV, EnergyMeter, level_of
from tests.signaling.audio.opus import encode, tone


@pytest.mark.parametrize("dbov", [-10, -25, -40])
def test_a_tone_has_its_level(dbov: int) -> None:
    """Within 2 dB: Opus is no measuring instrument."""
    quieter = 10 ** ((dbov - 20 * math.log10(0.5) + 3) / 20)
    meter = EnergyMeter()
    levels = [meter.measure(packet) for packet in encode(tone(440, 0.5) * quieter)]
    assert abs(float(np.median(levels)) - dbov) <= 2


def test_stereo_is_measured_as_it_is_heard() -> None:
    """Both channels together."""
    meter = EnergyMeter()
    packets = encode(tone(440, 0.3), tone(440, 0.3))
    assert -14 <= np.median([meter.measure(packet) for packet in packets]) <= -6


def test_silence_and_garbage_are_silent() -> None:
    """Neither raises, and the meter goes on."""
    meter = EnergyMeter()
    assert meter.measure(b"\xf8\xff\xfe") <= -90
    assert meter.measure(b"\xfb" + bytes(range(250, 0, -1))) <= 0
    assert meter.measure(b"") == SILENCE_DBOV
    loud = [meter.measure(packet) for packet in encode(tone(440, 0.3))]
    assert max(loud) >= -12


@given(st.floats(0, 1e12), st.integers(0, 5760))
def test_every_level_is_in_range(squares: float, count: int) -> None:
    """RFC 6464: 0 to -127."""
    assert SILENCE_DBOV <= level_of(squares, count) <= 0
