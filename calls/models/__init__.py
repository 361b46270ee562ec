# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Rows: wishes, calls and what happened in them. Only `services` writes them."""

from calls.models.call import Call, CallEvent, Worker
from calls.models.people import Recipient, Speaker
from calls.models.rooms import Language, RoomSettings
from calls.models.sizes import (
    HPB_SESSION_ID_CHARS,
    ROOM_TOKEN_CHARS,
    SESSION_ID_CHARS,
)

__all__ = [
    "HPB_SESSION_ID_CHARS",
    "ROOM_TOKEN_CHARS",
    "SESSION_ID_CHARS",
    "Call",
    "CallEvent",
    "Language",
    "Recipient",
    "RoomSettings",
    "Speaker",
    "Worker",
]
