# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How loud a room is while nobody speaks, from RFC 6464 audio levels. Pure."""

from collections import deque

WINDOW = 400
"Levels looked back on: 8 s of 20 ms packets, longer than anybody speaks unbroken."
PERCENTILE = 0.10
"Even fluent speech is at its background's level for a tenth of the time."
RECOUNT = 10
"Levels between two counts; a room does not change faster."
TRUSTED = 100
"With fewer levels than these the room is not known: it is taken for a quiet one."
QUIET_ROOM_DBOV = -58
MUTED_DBOV = -90
"No room is as silent as this: a muted microphone says nothing about the room."


class NoiseFloor:
    """A low percentile of the levels heard of late."""

    def __init__(self) -> None:
        self._levels: deque[int] = deque()
        self._counts = [0] * 128
        self._until_recount = 0
        self.dbov = QUIET_ROOM_DBOV
        "The floor, 0 (full scale) down to -127."

    def add(self, level_dbov: int) -> None:
        """Take the level of one packet; levels out of range are cut to it."""
        level = min(127, max(0, -level_dbov))
        if level >= -MUTED_DBOV:
            return
        self._levels.append(level)
        self._counts[level] += 1
        if len(self._levels) > WINDOW:
            self._counts[self._levels.popleft()] -= 1
        self._until_recount -= 1
        if self._until_recount <= 0:
            self._until_recount = RECOUNT
            self._recount()

    def _recount(self) -> None:
        below = max(1, round(len(self._levels) * PERCENTILE))
        level = 127
        while (below := below - self._counts[level]) > 0:
            level -= 1
        floor = -level
        known = len(self._levels) >= TRUSTED
        self.dbov = floor if known else min(floor, QUIET_ROOM_DBOV)
