# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""People in the stand-in's rooms, and what the app has told it."""

import time
from dataclasses import dataclass, field
from typing import Any

REGULAR_PARTICIPANT = 3
ALL_PERMISSIONS = 254


@dataclass(slots=True)
class Person:
    """Somebody in a room, in the call or not."""

    user_id: str
    display_name: str
    nextcloud_session_id: str
    in_call: int = 0

    def as_talk_says(self) -> dict[str, Any]:
        """Entry of Talk's participant lists, with Nextcloud session ids."""
        return {
            "inCall": self.in_call,
            "lastPing": int(time.time()),
            "sessionId": self.nextcloud_session_id,
            "nextcloudSessionId": self.nextcloud_session_id,
            "participantType": REGULAR_PARTICIPANT,
            "participantPermissions": ALL_PERMISSIONS,
            "actorType": "users",
            "actorId": self.user_id,
            "userId": self.user_id,
        }


@dataclass(slots=True)
class HpbLink:
    """The HPB as Nextcloud knows it."""

    url: str


@dataclass(slots=True)
class Record:
    """What the app has told Nextcloud, for tests to look at."""

    progress: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    log_levels: list[int] = field(default_factory=list)
    "Of each message in `log`: 2 warning, 3 error, 4 fatal."
    entries: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    "What AppAPI keeps of the app, by kind and name: menu entries, scripts, commands."
    refused: int = 0
    "Requests with missing or wrong credentials."
    troubled: int = 0
    "Requests that met with trouble."

    def keep(self, method: str, kind: str, body: dict[str, Any]) -> int:
        """Keep or forget an entry; returns the OCS status."""
        name = (kind, body["name"])
        if method == "POST":
            self.entries[name] = body
        elif self.entries.pop(name, None) is None:
            return 404
        return 100


@dataclass(slots=True)
class Trouble:
    """What is wrong with Nextcloud, for every request of the app."""

    delay_s: float = 0.0
    status: int = 0
    "HTTP status of each answer; 503 is what maintenance looks like."
    ocs_status: int = 0
    "Status in the envelope of an answer that is HTTP 200."
