# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""When a connection is renewed before its service ends it. Pure: times come in.

A window opens some time before the limit, in which a pause in speech is looked for; at
the limit itself the connection is left whatever is being said.
"""

from signaling.stt.reasons import Renewal
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import Limits

LONGEST_WINDOW = 0.5
"Share of the limit: a connection is used before it is renewed."
SIZE_WINDOW = 0.1
"Share of the bytes that the window has."


class RenewalPlan:
    """The window of one connection.

    `spread` is from 0 to 1, drawn once per connection: speakers who began together are
    not all renewed together.
    """

    def __init__(
        self, limits: Limits, timing: StreamTiming, opened_s: float, spread: float
    ) -> None:
        limit_s = timing.connection_s or limits.connection_s
        ahead_s = timing.renew_ahead_s * (1.0 + timing.renew_jitter * spread)
        ahead_s = min(ahead_s, LONGEST_WINDOW * limit_s)
        self.window_s = opened_s + limit_s - ahead_s
        "When the window opens, on the caller's clock."
        self.limit_s = opened_s + limit_s
        self._limit_bytes = limits.connection_bytes

    def reason(self, now_s: float, sent_bytes: int) -> Renewal | None:
        """Why another connection should be made ready; None if none is needed yet."""
        if now_s >= self.window_s:
            return Renewal.AGE
        limit = self._limit_bytes
        if limit is not None and sent_bytes >= limit * (1.0 - SIZE_WINDOW):
            return Renewal.SIZE
        return None

    def is_over(self, now_s: float, sent_bytes: int) -> bool:
        """Whether the connection must take no more audio."""
        limit = self._limit_bytes
        return now_s >= self.limit_s or (limit is not None and sent_bytes >= limit)

    def next_s(self, now_s: float) -> float:
        """When to look again if nothing is sent until then."""
        return self.window_s if now_s < self.window_s else self.limit_s
