# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Speech goes through, silence does not, and no syllable is lost in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.audio.gate import (
    HANGOVER_S,
    LOUDEST_DBOV,
    PREROLL_SAMPLES,
    QUIETEST_DBOV,
    SilenceGate,
)
from signaling.audio.packet import Gap, OpusPacket
from tests.signaling.audio.rooms import PACKET_S, listen, packets

IDLE_S = 2.0
QUIET, LOUD = -65, -25


def new_gate(level: int = -127) -> SilenceGate:
    """A gate; packets without a level are as loud as given."""
    return SilenceGate(IDLE_S, lambda payload: level)


def test_silence_opens_nothing() -> None:
    """An hour of somebody who only listens costs nothing."""
    heard = listen([QUIET] * 5000)
    assert (heard.openings, heard.open_s) == (0, 0)


def test_the_first_syllable_is_heard_with_300_ms_before_it() -> None:
    """It takes 60 ms to be sure; what was kept comes first, in order."""
    gate = new_gate()
    went = [
        item
        for packet in packets([QUIET] * 100 + [LOUD] * 10)
        for item in gate.push(packet)
    ]
    numbers = [item.sequence for item in went if isinstance(item, OpusPacket)]
    assert numbers == list(range(numbers[0], 110))
    assert (100 - numbers[0]) * PACKET_S >= 0.3
    assert len(numbers) * 960 <= PREROLL_SAMPLES + 10 * 960


@pytest.mark.parametrize("length", [1, 2])
def test_a_click_is_no_speech(length: int) -> None:
    """20 or 40 ms, however loud and often."""
    assert listen(([LOUD] * length + [QUIET] * 3) * 500).openings == 0


def test_pauses_go_through_until_the_idle_time() -> None:
    """The model needs them; then the gate closes, and opens again for speech."""
    pause = [QUIET] * round((IDLE_S - 0.1) / PACKET_S)
    speech = [LOUD] * 20
    heard = listen((speech + pause) * 5, IDLE_S)
    assert (heard.openings, sum(heard.passed)) == (1, len(heard.passed))
    heard = listen((speech + pause * 2) * 5, IDLE_S)
    assert heard.openings == 5
    assert heard.open_s == pytest.approx(5 * (0.4 + IDLE_S), abs=0.6)


def test_time_closes_it_when_no_packet_comes() -> None:
    """A muted browser may send nothing at all."""
    gate = new_gate()
    for packet in packets([LOUD] * 10):
        gate.push(packet)
    spoke_s = 9 * PACKET_S
    assert gate.idle_at_s == spoke_s + IDLE_S
    assert gate.is_speaking(spoke_s + HANGOVER_S - 0.01)
    assert not gate.is_speaking(spoke_s + HANGOVER_S + 0.01)
    assert gate.tick(spoke_s + IDLE_S - 0.01)
    assert not gate.tick(spoke_s + IDLE_S)


def test_speech_is_counted_with_its_short_pauses_only() -> None:
    """Seconds of speech are what seconds of streams are compared with."""
    gate = new_gate()
    for packet in packets(([LOUD] * 50 + [QUIET] * 200) * 4):
        gate.push(packet)
    assert gate.speech_samples / 48_000 == pytest.approx(4 * (1 + HANGOVER_S), abs=0.4)
    assert gate.heard_samples / 48_000 == pytest.approx(20)


def test_packets_without_a_level_are_measured() -> None:
    """Old clients, and senders that did not negotiate the extension."""
    gate = new_gate(level=-30 + 1)
    unknown = [
        OpusPacket(b"\xf8\xff\xfe", n, n * 960, None, n * 0.02) for n in range(9)
    ]
    assert sum(len(gate.push(packet)) for packet in unknown) == 9
    assert gate.level_dbov == -29


def test_losses_neither_open_nor_interrupt() -> None:
    """A gap is kept in its place, and says nothing about speech."""
    gate = new_gate()
    first, second, third, fourth = packets([LOUD] * 4)
    gap = Gap(960, 0xF8, 0.03)
    assert gate.push(gap) == []
    assert gate.push(first) == gate.push(second) == gate.push(gap) == []
    assert gate.push(third) == [gap, first, second, gap, third]
    assert gate.push(gap) == [gap]
    assert gate.push(fourth) == [fourth]


def test_closed_from_outside_it_opens_as_at_first() -> None:
    """A stream that went to another speaker: the pre-roll works again."""
    gate = new_gate()
    sent = list(packets([LOUD] * 30))
    for packet in sent[:10]:
        gate.push(packet)
    gate.close()
    assert gate.push(sent[10]) == gate.push(sent[11]) == []
    assert gate.push(sent[12]) == sent[10:13]


@given(st.lists(st.integers(-127, 0), min_size=1, max_size=300))
def test_what_goes_through_is_in_order_and_never_twice(levels: list[int]) -> None:
    """And the threshold stays within its bounds."""
    gate = new_gate()
    went = [item for packet in packets(levels) for item in gate.push(packet)]
    numbers = [item.sequence for item in went if isinstance(item, OpusPacket)]
    assert numbers == sorted(set(numbers))
    assert QUIETEST_DBOV <= gate.threshold_dbov <= LOUDEST_DBOV


def test_the_meter_rises_at_once_and_falls_slowly() -> None:
    """A gap within a word does not show on it, a pause does."""
    gate = new_gate()
    levels = []
    for packet in packets([LOUD] * 2 + [-127] * 3 + [LOUD] + [-127] * 200):
        gate.push(packet)
        levels.append(gate.meter_dbov)
    assert levels[:6] == [LOUD, LOUD, LOUD - 1, LOUD - 2, LOUD - 3, LOUD]
    assert levels[-1] == -127
