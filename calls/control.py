# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages from the web side to the workers: channel names and dataclasses. Pure."""

from dataclasses import dataclass
from typing import Any

CONTROL_CHANNEL = "calls"
"All workers listen here; one of them gets each message."
WAKE = "call.wake"


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
