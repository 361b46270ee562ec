# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Why a connection was renewed, why one failed, why audio was dropped. Pure.

The values are stable: they name counters and reach operators.
"""

from enum import StrEnum


class Renewal(StrEnum):
    """Why a connection that still stands is replaced by another."""

    AGE = "age"
    "The service would soon end it."
    SIZE = "size"
    "The service would soon stop listening: it takes only so many bytes."
    FREEZE = "freeze"
    "Speech was sent for long and no word came."
    STALL = "stall"
    "The service takes audio more slowly than it is spoken."
    GARBAGE = "garbage"
    "The service sends nothing but what is not of its wire."

    @property
    def is_urgent(self) -> bool:
        """Whether waiting for a pause in speech would lose more than it saves."""
        return self not in (Renewal.AGE, Renewal.SIZE)

    @property
    def is_mute(self) -> bool:
        """Whether no word came for what was sent last, so that it is sent again."""
        return self in (Renewal.FREEZE, Renewal.GARBAGE)


class Failure(StrEnum):
    """Why an attempt or a connection failed."""

    REFUSED = "refused"
    "Only another configuration helps."
    CAPACITY = "capacity"
    "Accepted and closed without a word, or told so: no free channel."
    UNREACHABLE = "unreachable"
    "No websocket came about."
    NOT_READY = "not_ready"
    "The server did not say in time that it takes audio."
    BLOCKED = "blocked"
    "The server stopped reading."
    CLOSED = "closed"
    "The server ended the connection with a close frame."
    LOST = "lost"
    "The connection ended without one."
    REJECTED = "rejected"
    "The server took offence at what we sent."
    GARBAGE = "garbage"
    "The server sent what no websocket may carry, or more of it than anybody takes."
    SERVER_ERROR = "server_error"
    "The server says that something is wrong with it."


class Drop(StrEnum):
    """Why 80 ms of audio never reached a service."""

    NO_CONNECTION = "no_connection"
    "None was there to take it for too long."
    SLOW_SERVER = "slow_server"
    "The connection took less than was spoken."
    ENDED = "ended"
    "The stream had ended, or ended before it was sent."
