# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""States of calls, recipients and speakers, and what may follow what. Pure."""

from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands.

    WAITING ──claimed──> JOINING ──> JOINED <──> RECONNECTING
    Every state leads to ENDED or FAILED; a released call goes back to WAITING.
    """

    WAITING = "waiting"
    JOINING = "joining"
    JOINED = "joined"
    RECONNECTING = "reconnecting"
    ENDED = "ended"
    FAILED = "failed"


class RecipientState(StrEnum):
    """Where somebody who wants captions stands."""

    PENDING = "pending"
    "Asked, but not seen on the HPB yet."
    BOUND = "bound"
    "Gets captions."
    AWAY = "away"
    "Was seen and vanished; may come back."
    GONE = "gone"
    "Switched off, left, or never appeared."


class SpeakerState(StrEnum):
    """Where one speaker stands."""

    NEGOTIATING = "negotiating"
    SILENT = "silent"
    "Is heard, but says nothing: needs no speech-to-text stream."
    CONNECTING = "connecting"
    "Speaks; the speech-to-text stream is being opened."
    LISTENING = "listening"
    WAITING = "waiting"
    "Has no free speech-to-text stream."
    RECONNECTING = "reconnecting"
    FAILED = "failed"
    ENDED = "ended"


HEARD = frozenset(
    {
        SpeakerState.SILENT,
        SpeakerState.CONNECTING,
        SpeakerState.LISTENING,
        SpeakerState.WAITING,
        SpeakerState.RECONNECTING,
    }
)
OPEN_CALL = frozenset(
    {
        CallState.WAITING,
        CallState.JOINING,
        CallState.JOINED,
        CallState.RECONNECTING,
    }
)
WANTING = frozenset({RecipientState.PENDING, RecipientState.BOUND, RecipientState.AWAY})

CALL_MOVES: dict[CallState, frozenset[CallState]] = {
    CallState.WAITING: frozenset({CallState.JOINING, CallState.ENDED}),
    CallState.JOINING: frozenset(
        {
            CallState.JOINING,
            CallState.JOINED,
            CallState.RECONNECTING,
            CallState.WAITING,
            CallState.ENDED,
            CallState.FAILED,
        }
    ),
    CallState.JOINED: frozenset(
        {
            CallState.JOINING,
            CallState.JOINED,
            CallState.RECONNECTING,
            CallState.WAITING,
            CallState.ENDED,
            CallState.FAILED,
        }
    ),
    CallState.RECONNECTING: frozenset(
        {
            CallState.JOINING,
            CallState.JOINED,
            CallState.WAITING,
            CallState.ENDED,
            CallState.FAILED,
        }
    ),
    CallState.ENDED: frozenset(),
    CallState.FAILED: frozenset(),
}


def sources(target: CallState) -> frozenset[CallState]:
    """States from which a call may move to `target`."""
    return frozenset(state for state, moves in CALL_MOVES.items() if target in moves)
