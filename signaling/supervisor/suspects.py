# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Sessions in the room that the HPB's list of the call lacks: perhaps they speak. Pure.

The HPB keeps the list of the notification that it processed last. When two of them
overtake each other somebody who has just entered the call is missing until the next
change. Such a session is asked for an offer once; if none comes, it is somebody who
has the conversation open and no part in the call.
"""

from collections.abc import Callable, Iterable

WAIT_S = 2.0
"A list that names the session is usually on its way."
TRY_S = 14.0
"The HPB itself gives up on a publisher that is not there after 10 s."
MANY = 10
"So many are no accident: people who read along in a large conversation."


class Suspects:
    """Who may be asked for audio without being listed as a publisher."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._since_s

    def follow(self, unlisted: Iterable[str], now_s: float) -> None:
        """Take over which sessions are in the room and not in the list."""
        unlisted = frozenset(unlisted)
        for session_id in self._since_s.keys() - unlisted:
            del self._since_s[session_id]
        for session_id in unlisted:
            self._since_s.setdefault(session_id, now_s)

    def to_ask(self, now_s: float, is_heard: Callable[[str], bool]) -> frozenset[str]:
        """Those to be treated as publishers now; who is heard stays one."""
        few = len(self._since_s) <= MANY
        return frozenset(
            session_id
            for session_id, since_s in self._since_s.items()
            if is_heard(session_id)
            or (few and WAIT_S <= now_s - since_s < WAIT_S + TRY_S)
        )
