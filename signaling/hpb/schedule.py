# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""When to connect again: quick tries while the session is kept, then growing pauses. Pure."""

from collections.abc import Callable, Iterator

RESUME_WINDOW_S = 30.0
"How long the HPB keeps a session without a connection."
RESUME_DELAYS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
"Pauses before the first attempts of an outage; together they fill the window."
STEADY_S = 5.0
"In the room for this long: the connection worked. Less, and the pauses go on growing."


class ReconnectSchedule:
    """Pauses between connections; times are monotonic seconds.

    The pauses start over only after we were in the room for `STEADY_S`: a peer that
    lets us in and drops us at once is not hammered.
    """

    def __init__(
        self,
        resume_delays_s: tuple[float, ...],
        full_delays: Callable[[], Iterator[float]],
    ) -> None:
        self._resume_delays_s = resume_delays_s
        self._full_delays = full_delays
        self._quick: Iterator[float] = iter(())
        self._growing = full_delays()
        self._joined_s: float | None = None
        self._lost_s = float("-inf")

    def joined(self, now_s: float) -> None:
        """We are in the room."""
        self._joined_s = now_s

    def lost(self, now_s: float, had_session: bool) -> None:
        """The connection is gone; from now on the HPB counts the resume window."""
        if self._joined_s is None and not had_session:
            return
        if self._joined_s is not None and now_s - self._joined_s >= STEADY_S:
            self._quick = iter(self._resume_delays_s)
            self._growing = self._full_delays()
        elif self._lost_s == float("-inf"):
            # The very first loss; the next one of a short-lived session goes on.
            self._quick = iter(self._resume_delays_s)
        self._joined_s = None
        self._lost_s = now_s

    def can_resume(self, now_s: float) -> bool:
        """Whether the HPB can still have our session."""
        return now_s - self._lost_s <= RESUME_WINDOW_S

    def pause_s(self, can_resume: bool) -> float:
        """Seconds to wait before the next attempt."""
        if can_resume:
            for delay_s in self._quick:
                return delay_s
        return next(self._growing)
