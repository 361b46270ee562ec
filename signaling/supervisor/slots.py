# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Shares the speech-to-text streams of this process between all speakers. Pure.

Who speaks gets a stream. When all are in use, whoever has been silent longest gives
way; nobody who speaks loses a stream to somebody else, unless that one has waited
for half a minute. A stream that gives way still brings out its last words: its slot
is free when it has ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

GIVE_WAY_S = 2.0
"Silent for this long, a speaker's stream may go to somebody who speaks."
STARVED_S = 30.0
"Waiting for this long, a speaker gets the stream that was held longest."


class SlotUser(Protocol):
    """A speaker, as far as slots are concerned."""

    @property
    def spoke_s(self) -> float:
        """When speech was heard last, monotonic seconds."""

    def grant(self, slot: "Slot") -> None:
        """Here is the slot that was asked for; must not ask for another in here."""

    def give_way(self, slot: "Slot") -> None:
        """End the stream of this slot with its last words, then release it."""


@dataclass(eq=False, slots=True)
class Slot:
    """The right to one open stream."""

    user: SlotUser
    since_s: float
    gives_way: bool = False


class StreamSlots:
    """Slots against a limit; never waits."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._slots: list[Slot] = []
        self._waiting: dict[SlotUser, float] = {}

    @property
    def used(self) -> int:
        """Streams that are open, those that are ending included."""
        return len(self._slots)

    @property
    def waiting(self) -> int:
        """Speakers without a stream who want one."""
        return len(self._waiting)

    def acquire(self, user: SlotUser, now_s: float) -> Slot | None:
        """A slot now, or None and `user.grant` later; ask again while speech comes."""
        if len(self._slots) < self.limit and not self._waiting:
            return self._take(user, now_s)
        self._waiting.setdefault(user, now_s)
        self._make_room(now_s)
        return None

    def withdraw(self, user: SlotUser) -> None:
        """The user does not wait any longer."""
        self._waiting.pop(user, None)

    def release(self, slot: Slot, now_s: float) -> None:
        """The stream has ended: whoever has waited longest is next."""
        self._slots.remove(slot)
        if self._waiting and len(self._slots) < self.limit:
            user = next(iter(self._waiting))
            del self._waiting[user]
            user.grant(self._take(user, now_s))

    def _take(self, user: SlotUser, now_s: float) -> Slot:
        slot = Slot(user, now_s)
        self._slots.append(slot)
        return slot

    def _make_room(self, now_s: float) -> None:
        """Let as many streams end as there are speakers waiting, if any may."""
        missing = len(self._waiting) - sum(slot.gives_way for slot in self._slots)
        for slot in self._dispensable(now_s):
            if missing <= 0:
                return
            missing -= 1
            slot.gives_way = True
            slot.user.give_way(slot)

    def _dispensable(self, now_s: float) -> Iterator[Slot]:
        """Slots that may go to others, the most dispensable first."""
        held = [slot for slot in self._slots if not slot.gives_way]
        silent = [s for s in held if now_s - s.user.spoke_s >= GIVE_WAY_S]
        yield from sorted(silent, key=lambda slot: slot.user.spoke_s)
        starved = sum(
            now_s - since_s >= STARVED_S for since_s in self._waiting.values()
        )
        long_held = [
            s for s in held if s not in silent and now_s - s.since_s >= STARVED_S
        ]
        yield from sorted(long_held, key=lambda slot: slot.since_s)[:starved]
