# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""States of one speaker's stream and what may follow each. Pure.

CONNECTING ──> OPEN ──> DRAINING ──> CLOSED
  ^  ^  │        │ lost
  │  │  └> BACKOFF <┘              CONNECTING, OPEN ──> FAILED: only a change of
  │  └────────┘                    configuration helps
  └──── its limit came before another connection

A renewal in time is no change of state: audio goes to one connection or to the other.
`finish` leads from every state but FAILED to CLOSED; by way of CONNECTING if the limit
of a connection comes while it is being finished.
"""

from enum import Enum


class StreamState(Enum):
    """Where the stream stands."""

    CONNECTING = "connecting"
    OPEN = "open"
    DRAINING = "draining"
    BACKOFF = "backoff"
    FAILED = "failed"
    CLOSED = "closed"


_S = StreamState
MAY_FOLLOW: dict[StreamState, frozenset[StreamState]] = {
    _S.CONNECTING: frozenset({_S.OPEN, _S.BACKOFF, _S.FAILED, _S.CLOSED}),
    _S.OPEN: frozenset({_S.DRAINING, _S.CONNECTING, _S.BACKOFF, _S.FAILED, _S.CLOSED}),
    _S.DRAINING: frozenset({_S.CONNECTING, _S.CLOSED}),
    _S.BACKOFF: frozenset({_S.CONNECTING, _S.CLOSED}),
    _S.FAILED: frozenset(),
    _S.CLOSED: frozenset(),
}


def follow(old: StreamState, new: StreamState) -> StreamState:
    """The new state; raises ValueError if it may not follow the old one."""
    if new not in MAY_FOLLOW[old]:
        raise ValueError(f"{new.name} may not follow {old.name}")
    return new
