# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Log format, and the filter that adds the room token and session id of the task."""

import contextvars
import logging

room_token: contextvars.ContextVar[str] = contextvars.ContextVar("room_token")
session_id: contextvars.ContextVar[str] = contextvars.ContextVar("session_id")

SESSION_ID_SHOWN = 8  # characters; enough to tell sessions apart, short enough to read


class CallFilter(logging.Filter):
    """Puts `room_token` and `session_id` of the current task on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the two fields; never drops a record."""
        record.room_token = room_token.get("")
        record.session_id = session_id.get("")
        return True


class UnavailableFilter(logging.Filter):
    """Drops Django's line about an answer 503: it says what it says on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep everything else, and exceptions whatever their answer."""
        return bool(record.exc_info) or getattr(record, "status_code", 0) != 503


class LineFormatter(logging.Formatter):
    """One line for people: time, level, logger, [room/session], message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s:%(where)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Add ` [room/session]` where the record belongs to a call."""
        room = getattr(record, "room_token", "")
        session = getattr(record, "session_id", "")[:SESSION_ID_SHOWN]
        ids = "/".join(part for part in (room, session) if part)
        record.where = f" [{ids}]" if ids else ""
        return super().format(record)
