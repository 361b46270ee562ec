# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages from the web side to the workers: channel names and dataclasses. Pure."""

from dataclasses import dataclass
from typing import Any

CONTROL_CHANNEL = "calls"
"All workers listen here; one of them gets each message."
WAKE = "call.wake"
WATCH = "call.watch"
PREVIEW = "call.preview"
RECONNECT = "call.reconnect"
RETRY = "call.retry"
DASHBOARD_GROUP = "dashboard"
"The web side's ears: workers tell it how their calls go."
VITALS = "dashboard.vitals"
WATCH_S = 15.0
"A worker tells for so long after it was asked to."


def worker_channel(name: str) -> str:
    """Channel of one worker, for rooms it already holds.

    Channel names take letters, digits, hyphens and full stops only.
    """
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
    return f"calls.{plain[:80]}"


@dataclass(frozen=True, slots=True)
class WakeCall:
    """Something about a room's wishes has changed: look at the rows."""

    room_token: str

    def to_message(self) -> dict[str, Any]:
        """As it travels through the channel layer."""
        return {"type": WAKE, "room_token": self.room_token}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "WakeCall":
        """The other way round; raises `KeyError` for a message of another kind."""
        return cls(str(message["room_token"]))


@dataclass(frozen=True, slots=True)
class WatchCalls:
    """Somebody looks at a dashboard: tell how calls go, for `WATCH_S`."""

    def to_message(self) -> dict[str, Any]:
        """As it travels through the channel layer."""
        return {"type": WATCH}


@dataclass(frozen=True, slots=True)
class PreviewCall:
    """An operator may see the words of a call, or not any more."""

    room_token: str
    is_on: bool

    def to_message(self) -> dict[str, Any]:
        """As it travels through the channel layer."""
        return {"type": PREVIEW, "room_token": self.room_token, "is_on": self.is_on}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "PreviewCall":
        """The other way round; raises `KeyError` for a message of another kind."""
        return cls(str(message["room_token"]), bool(message["is_on"]))


@dataclass(frozen=True, slots=True)
class ReconnectSpeaker:
    """An operator wants a speaker's audio and stream to be made anew."""

    room_token: str
    session_id: str

    def to_message(self) -> dict[str, Any]:
        """As it travels through the channel layer."""
        return {
            "type": RECONNECT,
            "room_token": self.room_token,
            "session_id": self.session_id,
        }

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "ReconnectSpeaker":
        """The other way round; raises `KeyError` for a message of another kind."""
        return cls(str(message["room_token"]), str(message["session_id"]))


@dataclass(frozen=True, slots=True)
class RetryHpb:
    """An operator has mended what the HPB refused: ask it again."""

    def to_message(self) -> dict[str, Any]:
        """As it travels through the channel layer."""
        return {"type": RETRY}


@dataclass(frozen=True, slots=True)
class WorkerVitals:
    """How the calls of one worker go, at this moment."""

    worker: str
    text: str
    "A JSON object, passed on to browsers as it is."

    def to_message(self) -> dict[str, Any]:
        """As it travels through the channel layer."""
        return {"type": VITALS, "worker": self.worker, "text": self.text}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "WorkerVitals":
        """The other way round; raises `KeyError` for a message of another kind."""
        return cls(str(message["worker"]), str(message["text"]))
