# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Streams are shared: who speaks gets one, who is silent gives way, nobody starves."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signaling.supervisor.slots import GIVE_WAY_S, STARVED_S, Slot, StreamSlots


class Speaker:
    """Holds what it is granted; ends its stream only when told to by the test."""

    def __init__(self, slots: StreamSlots) -> None:
        self.spoke_s = 0.0
        self.held: list[Slot] = []
        self.asked_away: list[Slot] = []
        self._slots = slots

    def speak(self, now_s: float) -> bool:
        """Say something; True if there is a stream for it."""
        self.spoke_s = now_s
        if self.has_stream:
            return True
        slot = self._slots.acquire(self, now_s)
        if slot is not None:
            self.held.append(slot)
        return slot is not None

    @property
    def has_stream(self) -> bool:
        """Whether a stream takes audio."""
        return bool([slot for slot in self.held if slot not in self.asked_away])

    def grant(self, slot: Slot) -> None:
        """Ours now."""
        self.held.append(slot)

    def give_way(self, slot: Slot) -> None:
        """To be ended; the last words take their time."""
        self.asked_away.append(slot)

    def end(self, now_s: float) -> None:
        """All streams have come to their end."""
        for slot in self.held:
            self._slots.release(slot, now_s)
        self.held, self.asked_away = [], []


def test_free_slots_are_given_at_once() -> None:
    """Up to the limit."""
    slots = StreamSlots(2)
    ann, ben, cat = (Speaker(slots) for _ in range(3))
    assert [s.speak(1.0) for s in (ann, ben, cat)] == [True, True, False]
    assert (slots.used, slots.waiting) == (2, 1)


def test_who_was_silent_longest_gives_way() -> None:
    """And the newcomer speaks when its last words are out, not before."""
    slots = StreamSlots(2)
    ann, ben, cat = (Speaker(slots) for _ in range(3))
    ann.speak(0.0)
    ben.speak(1.0)
    assert not cat.speak(10.0)
    assert (ann.has_stream, ben.has_stream, cat.has_stream) == (False, True, False)
    assert slots.used == 2
    ann.end(10.5)
    assert cat.has_stream
    assert slots.waiting == 0


def test_nobody_who_speaks_is_interrupted() -> None:
    """The newcomer waits for a pause of two seconds."""
    slots = StreamSlots(1)
    ann, ben = Speaker(slots), Speaker(slots)
    ann.speak(0.0)
    for tenth in range(100):
        ann.speak(tenth / 10)
        assert not ben.speak(tenth / 10)
    assert ann.has_stream
    assert not ben.speak(9.9 + GIVE_WAY_S - 0.1)
    assert ann.has_stream
    ben.speak(9.9 + GIVE_WAY_S)
    assert not ann.has_stream


def test_one_slot_is_freed_for_one_who_waits() -> None:
    """Asking again does not take another stream away."""
    slots = StreamSlots(3)
    holders = [Speaker(slots) for _ in range(3)]
    for holder in holders:
        holder.speak(0.0)
    newcomer = Speaker(slots)
    for tenth in range(10):
        newcomer.speak(10 + tenth / 10)
    assert sum(holder.has_stream for holder in holders) == 2


def test_nobody_starves() -> None:
    """After half a minute the stream that was held longest changes hands."""
    slots = StreamSlots(1)
    ann, ben = Speaker(slots), Speaker(slots)
    taken_s = []
    for tenth in range(round(10 * STARVED_S * 5)):
        now_s = tenth / 10
        for speaker in (ann, ben):
            speaker.speak(now_s)
        for speaker in (ann, ben):
            if speaker.asked_away:
                taken_s.append(now_s)
                speaker.end(now_s)
    assert taken_s == pytest.approx([30, 60, 90, 120], abs=1)


def test_who_withdraws_is_granted_nothing() -> None:
    """A speaker who has left the call."""
    slots = StreamSlots(1)
    ann, ben = Speaker(slots), Speaker(slots)
    ann.speak(0.0)
    ben.speak(0.0)
    slots.withdraw(ben)
    slots.withdraw(ben)
    ann.end(1.0)
    assert (slots.used, ben.held) == (0, [])


class Slots(RuleBasedStateMachine):
    """Any order of things."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = StreamSlots(3)
        self.speakers = [Speaker(self.slots) for _ in range(6)]
        self.now_s = 0.0

    @rule(number=st.integers(0, 5), pause_s=st.floats(0, 40))
    def speak(self, number: int, pause_s: float) -> None:
        """Somebody speaks after a while."""
        self.now_s += pause_s
        self.speakers[number].speak(self.now_s)

    @rule(number=st.integers(0, 5))
    def end(self, number: int) -> None:
        """Streams of somebody end, whether they were asked to or not."""
        self.speakers[number].end(self.now_s)

    @rule(number=st.integers(0, 5))
    def leave(self, number: int) -> None:
        """Somebody leaves the call."""
        self.slots.withdraw(self.speakers[number])
        self.speakers[number].end(self.now_s)

    @invariant()
    def the_limit_holds(self) -> None:
        """Never more streams than that, and every slot is somebody's."""
        held = sum(len(speaker.held) for speaker in self.speakers)
        assert held == self.slots.used <= 3

    @invariant()
    def nobody_waits_for_a_free_slot(self) -> None:
        """Who waits does so because all are in use."""
        assert not self.slots.waiting or self.slots.used == 3


Slots.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
test_slots_in_any_order = Slots.TestCase
