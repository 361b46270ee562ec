# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the end of a connection means: each close code has one outcome. Pure.

Codes: RFC 6455 section 7.4.1 and the IANA registry of WebSocket close codes.
"""

from dataclasses import dataclass

from signaling.errors import (
    SttCapacityError,
    SttError,
    SttRefusedError,
    SttUnavailableError,
)
from signaling.stt.reasons import Failure
from signaling.stt.wire import NO_FREE_CHANNEL

_FULL = "the server has no free channel"
_NO_STATUS = 1005
_TRY_LATER = 1013
_NO_PONG = 1011
_REFUSALS = {
    1008: "policy violation",
    3000: "unauthorized",
    3003: "forbidden",
}
_REJECTIONS = {
    1002: "protocol error",
    1003: "unsupported data",
    1007: "invalid data",
    1009: "message too big",
    1010: "missing extension",
}
_SERVER_ERRORS = {
    1011: "internal error",
    1012: "restart",
    1014: "bad gateway",
}


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of the connection that ended."""

    is_proved: bool
    "A word came, or it had lasted."
    is_young: bool
    "It was open for so short a time that a full service may have ended it."


def closed(code: int | None, life: Life) -> SttError:
    """The error for a close code; None if the connection ended without a close frame.

    A full Modal service accepts and closes with 1000: before the first word an early
    end means that, whatever the code, unless the code says who is to blame.
    """
    if code in _REFUSALS and not life.is_proved:
        text = f"the server refused us ({code}, {_REFUSALS[code]}): check the keys"
        return SttRefusedError(text)
    why = _why(code)
    if code == _TRY_LATER:
        return SttCapacityError(f"{_FULL}: {why}")
    if code in _REJECTIONS:
        return SttUnavailableError(why, Failure.REJECTED)
    if life.is_young and not life.is_proved:
        return SttCapacityError(f"{_FULL}: {why}")
    if code is None:
        return SttUnavailableError(why, Failure.LOST)
    if code in _SERVER_ERRORS:
        return SttUnavailableError(why, Failure.SERVER_ERROR)
    return SttUnavailableError(why, Failure.CLOSED)


def given_up(code: int) -> SttError:
    """The error when our side closed first, with this code: the library's judgement."""
    if code == _NO_PONG:
        return SttUnavailableError("the server answers no pings", Failure.LOST)
    text = f"the server sent what no websocket may carry ({code})"
    return SttUnavailableError(text, Failure.GARBAGE)


def told(reason: str, life: Life) -> SttError:
    """The error for a failure that the server tells by a message of its wire."""
    if reason == NO_FREE_CHANNEL or (life.is_young and not life.is_proved):
        return SttCapacityError(f"{_FULL}: {reason}")
    return SttUnavailableError(reason, Failure.SERVER_ERROR)


def _why(code: int | None) -> str:
    if code is None:
        return "the server closed the connection (no close frame)"
    if code == _NO_STATUS:
        return "the server closed the connection (no code)"
    name = (_REFUSALS | _REJECTIONS | _SERVER_ERRORS).get(code, "")
    return f"the server closed the connection ({code}{name and f', {name}'})"
