# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What tells a service that works from one that only looks so. Pure: times come in.

Each watchdog is less and less eager while nothing comes of it: noise is not speech, and
a new connection makes no overloaded service faster.
"""

import math

from signaling.stt.backlog import CATCH_UP, FRAME_S
from signaling.stt.timing import StreamTiming

MUCH_GARBAGE = 50
"So many more messages that are not of the wire than others, and no word."
LONGEST_GARBAGE = 3200


class Patience:
    """Counts towards a limit, which doubles whenever it is reached in vain."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._limit = first
        self._count = 0.0

    def add(self, amount: float) -> bool:
        """Count; True if that reached the limit, and then all counting starts anew."""
        self._count += amount
        # Frames of 80 ms do not add up to whole seconds exactly.
        if self._count < self._limit - 1e-6:
            return False
        self._count = 0.0
        self._limit = min(2 * self._limit, self._longest)
        return True

    def relax(self, amount: float) -> None:
        """Something in between was as it should be."""
        self._count = max(0.0, self._count - amount)

    def restore(self) -> None:
        """All is well: no count, and the first limit again."""
        self._count = 0.0
        self._limit = self._first


class StallWatch:
    """Compares what waits with what would wait if the service took all in time.

    That sender is imagined to work at `CATCH_UP` times real time, as ours may; so
    neither a cold start's backlog nor audio that comes in bursts is a stall.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._limit_s = first_s
        self._ideal = 0.0
        "Frames that would wait."
        self._at_s = 0.0

    def restart(self, waiting: int, now_s: float) -> None:
        """A connection begins with so many frames to send."""
        self._ideal, self._at_s = float(waiting), now_s

    def put(self, now_s: float) -> None:
        """A frame has come."""
        self._advance(now_s)
        self._ideal += 1.0

    def is_stalled(self, waiting: int, now_s: float) -> bool:
        """Whether the service lags too far; after a True it may lag twice as far."""
        self._advance(now_s)
        if not waiting:
            self._limit_s = self._first_s
        if (waiting - self._ideal) * FRAME_S < self._limit_s:
            return False
        self._limit_s = min(2 * self._limit_s, self._longest_s)
        return True

    def _advance(self, now_s: float) -> None:
        taken = max(0.0, now_s - self._at_s) * CATCH_UP / FRAME_S
        self._ideal, self._at_s = max(0.0, self._ideal - taken), now_s


class PauseWatch:
    """Knows when a connection can be left without cutting a word in two.

    Whoever sends knows best. But without a gate every frame of an open microphone
    counts as speech: when nothing else has come for `unbroken_s`, the service is
    believed, by its word or by its having none.
    """

    def __init__(self, timing: StreamTiming, now_s: float) -> None:
        self._timing = timing
        self._silent_s = 0.0
        self._spoken_s = 0.0
        self._sent_s = self._word_s = now_s
        self._pause_s = -math.inf

    def sent(self, is_speech: bool, now_s: float) -> None:
        """A frame went out."""
        self._silent_s = 0.0 if is_speech else self._silent_s + FRAME_S
        self._spoken_s = self._spoken_s + FRAME_S if is_speech else 0.0
        self._sent_s = now_s

    def word(self, now_s: float) -> None:
        """The service brought a word."""
        self._word_s = now_s

    def paused(self, now_s: float) -> None:
        """The service says that the speaker has stopped."""
        self._pause_s = now_s

    def in_pause(self, now_s: float) -> bool:
        """Whether nothing is being said, as far as anybody can tell."""
        if self._silent_s >= self._timing.pause_s or now_s >= self.idle_s:
            return True
        has_just_paused = now_s - self._pause_s < self._timing.pause_s
        is_wordless = now_s - self._word_s >= self._timing.wordless_s
        is_open = self._spoken_s >= self._timing.unbroken_s
        return is_open and (has_just_paused or is_wordless)

    @property
    def idle_s(self) -> float:
        """When having sent nothing becomes a pause, on the caller's clock."""
        return self._sent_s + self._timing.pause_s


class Watchdogs:
    """Those that outlive a connection, so that renewing cannot become a habit."""

    def __init__(self, timing: StreamTiming) -> None:
        self.freeze = Patience(timing.freeze_s, timing.longest_freeze_s)
        "Counts seconds of speech."
        self.garbage = Patience(MUCH_GARBAGE, LONGEST_GARBAGE)
        "Counts messages."
        self.stall = StallWatch(timing.stall_s, timing.longest_stall_s)

    def word(self) -> None:
        """The service works."""
        self.freeze.restore()
        self.garbage.restore()
