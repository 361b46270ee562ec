# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""States of the signaling connection and the table of what may follow what. Pure.

CONNECTING ──connected──> HELLO_SENT ──hello──> JOINING ──room──> JOINED
     ^                        │ └──────hello, resumed───────────────^
     └────── disconnected ────┴─────────────┴──────────────┘
Every state may end in CLOSED: refused for good, or `bye` said.
"""

from enum import Enum


class State(Enum):
    """Where the connection stands."""

    CONNECTING = "connecting"
    HELLO_SENT = "hello sent"
    JOINING = "joining"
    JOINED = "joined"
    CLOSED = "closed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.CONNECTING: frozenset({State.HELLO_SENT, State.CLOSED}),
    State.HELLO_SENT: frozenset(
        {State.JOINING, State.JOINED, State.CONNECTING, State.CLOSED}
    ),
    State.JOINING: frozenset({State.JOINED, State.CONNECTING, State.CLOSED}),
    State.JOINED: frozenset({State.CONNECTING, State.CLOSED}),
    State.CLOSED: frozenset(),
}
