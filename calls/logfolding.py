# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How much of a log others are told: the same once in a while, all of it not too fast.

Times are seconds of a clock that never goes back.
"""

from collections import deque
from collections.abc import Hashable

FOLDED_S = 300.0
PER_MINUTE = 20
MAX_KINDS = 500


class Folding:
    """Lets through one message of a kind in five minutes, and counts the others."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, list[float]] = {}  # when it was let through, rest
        self.forgotten = 0
        "Folded messages of kinds that nobody remembers any more."

    def admit(self, kind: Hashable, now_s: float) -> int | None:
        """None if a message has to wait, else how many have since the last one."""
        known = self._kinds.get(kind)
        if known is not None and now_s - known[0] < FOLDED_S:
            known[1] += 1
            return None
        folded = 0 if known is None else int(known[1])
        self._kinds.pop(kind, None)
        self._kinds[kind] = [now_s, 0]  # at the end: the first one is the oldest
        if len(self._kinds) > MAX_KINDS:
            self.forgotten += int(self._kinds.pop(next(iter(self._kinds)))[1])
        return folded


class Pace:
    """At most 20 messages in any minute."""

    def __init__(self) -> None:
        self._told_s: deque[float] = deque(maxlen=PER_MINUTE)

    def wait_s(self, now_s: float) -> float:
        """How long the next message has to wait; 0 if it need not."""
        if len(self._told_s) < PER_MINUTE:
            return 0.0
        return max(0.0, self._told_s[0] + 60.0 - now_s)

    def note(self, now_s: float) -> None:
        """A message is on its way."""
        self._told_s.append(now_s)
