# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Log formats, and the filter that adds the room token and session id of the task."""

import contextvars
import json
import logging
from datetime import UTC, datetime
from typing import Any

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


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for programs; tracebacks are within it.

    `time` (RFC 3339, UTC, ms), `level`, `logger`, `message` and `process` (its number)
    always; `room_token`, `session_id`, `exception` and `stack` where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """ASCII, so that no character of a message can break the line."""
        fields: dict[str, Any] = {
            "time": _rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        exception = self.formatException(record.exc_info) if record.exc_info else ""
        more = {
            "room_token": getattr(record, "room_token", ""),
            "session_id": getattr(record, "session_id", ""),
            "exception": exception,
            "stack": record.stack_info,
        }
        fields.update((name, value) for name, value in more.items() if value)
        return json.dumps(fields)


def _rfc3339(time_s: float) -> str:
    text = datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
