# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Sequence order within a short window; the timeline stays exact."""

import random

from hypothesis import given
from hypothesis import strategies as st

from signaling.audio.packet import AudioItem, Gap, OpusPacket
from signaling.audio.reorder import MAX_GAP_SAMPLES, WINDOW_S, ReorderBuffer

STEP = 960
START_SEQUENCE = 65_530
START_TIMESTAMP = 2**32 - 5 * STEP


def packet(number: int, *, skipped: int = 0, ssrc: int = 1) -> OpusPacket:
    """Packet of 20 ms; sequence and time stamp wrap early on."""
    return OpusPacket(
        payload=b"\xf8" + number.to_bytes(4, "big"),
        sequence=(START_SEQUENCE + number) & 0xFFFF,
        timestamp=(START_TIMESTAMP + number * STEP + skipped) & 0xFFFFFFFF,
        level_dbov=None,
        arrived_s=number * 0.02,
        ssrc=ssrc,
    )


def numbers(items: list[AudioItem]) -> list[int | str]:
    """Numbers of packets, and what gaps there are between them."""
    return [
        f"gap {item.samples}"
        if isinstance(item, Gap)
        else int.from_bytes(item.payload[1:], "big")
        for item in items
    ]


def test_packets_in_order_leave_at_once() -> None:
    """No delay without loss."""
    buffer = ReorderBuffer()
    for number in range(20):
        assert numbers(buffer.push(packet(number))) == [number]
    assert buffer.deadline_s is None
    assert (buffer.received, buffer.lost) == (20, 0)


def test_late_packet_is_put_back_in_order() -> None:
    """It comes within the window: nothing is lost."""
    buffer = ReorderBuffer()
    buffer.push(packet(0))
    assert buffer.push(packet(2)) == []
    assert buffer.push(packet(3)) == []
    assert numbers(buffer.push(packet(1))) == [1, 2, 3]
    assert buffer.deadline_s is None


def test_lost_packet_becomes_a_gap_after_the_window() -> None:
    """The ones behind wait 60 ms at most."""
    buffer = ReorderBuffer()
    buffer.push(packet(0))
    buffer.push(packet(2))
    assert buffer.deadline_s == 0.04 + WINDOW_S
    assert buffer.due(0.09) == []
    assert numbers(buffer.due(0.1)) == [f"gap {STEP}", 2]
    assert buffer.lost == 1
    assert buffer.push(packet(1)) == []
    assert buffer.late_or_duplicate == 1


def test_two_holes_are_given_up_one_after_the_other() -> None:
    """Each has its own deadline."""
    buffer = ReorderBuffer()
    for number in (0, 2, 4):
        buffer.push(packet(number))
    assert numbers(buffer.due(0.1)) == [f"gap {STEP}", 2]
    assert buffer.deadline_s == 0.08 + WINDOW_S
    assert numbers(buffer.due(9.0)) == [f"gap {STEP}", 4]
    assert buffer.deadline_s is None


def test_duplicates_come_out_once() -> None:
    """Whether they are waiting or gone already."""
    buffer = ReorderBuffer()
    buffer.push(packet(0))
    buffer.push(packet(2))
    assert buffer.push(packet(2)) == []
    assert buffer.push(packet(0)) == []
    assert buffer.late_or_duplicate == 2


def test_pause_of_the_sender_becomes_a_gap() -> None:
    """Discontinuous transmission: the clock jumps, the numbers do not."""
    buffer = ReorderBuffer()
    buffer.push(packet(0))
    assert numbers(buffer.push(packet(1, skipped=4800))) == ["gap 4800", 1]
    assert buffer.lost == 0


def test_long_absence_is_a_new_beginning() -> None:
    """Nobody wants minutes of concealment."""
    buffer = ReorderBuffer()
    buffer.push(packet(0))
    assert numbers(buffer.push(packet(1, skipped=MAX_GAP_SAMPLES + 1))) == [1]
    assert numbers(buffer.push(packet(500))) == [500]
    assert buffer.restarted == 2


def test_new_sender_begins_anew_and_loses_nothing_held() -> None:
    """Another SSRC after a republish."""
    buffer = ReorderBuffer()
    buffer.push(packet(0))
    buffer.push(packet(2))
    assert numbers(buffer.push(packet(7, ssrc=2))) == [2, 7]
    assert buffer.deadline_s is None


@given(
    lost=st.sets(st.integers(1, 198), max_size=60),
    doubled=st.sets(st.integers(0, 199), max_size=20),
    seed=st.integers(0, 1000),
)
def test_every_packet_once_in_order_on_an_exact_timeline(
    lost: set[int], doubled: set[int], seed: int
) -> None:
    """Loss, duplicates, reordering within the window, and wrapping counters."""
    generator = random.Random(seed)
    arrivals = [n for n in range(200) if n not in lost] + sorted(doubled - lost)
    arrivals.sort(key=lambda n: n + generator.uniform(0, 1.9))
    if arrivals[0] != 0:
        arrivals = [0, *(n for n in arrivals if n != 0)]
    buffer, items = ReorderBuffer(), list[AudioItem]()
    for position, number in enumerate(arrivals):
        items += buffer.due(position * 0.02)
        arrived = packet(number)
        items += buffer.push(
            OpusPacket(
                arrived.payload,
                arrived.sequence,
                arrived.timestamp,
                None,
                position * 0.02,
            )
        )
    items += buffer.due(1e9)
    heard = [n for n in numbers(items) if isinstance(n, int)]
    assert heard == sorted(set(heard))
    samples = sum(i.samples if isinstance(i, Gap) else STEP for i in items)
    assert samples == (max(heard) + 1) * STEP
    assert len(heard) + buffer.late_or_duplicate == buffer.received
