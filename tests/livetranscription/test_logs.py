# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Log lines say which call and which session they are about."""

import asyncio
import json
import logging
import os
import sys

from livetranscription.logs import (
    CallFilter,
    JsonFormatter,
    LineFormatter,
    UnavailableFilter,
    room_token,
    session_id,
)


def line(message: str) -> str:
    """`message` as the console shows it, without its time."""
    record = logging.LogRecord(
        "signaling.hpb", logging.WARNING, __file__, 1, message, None, None
    )
    assert CallFilter().filter(record)
    return LineFormatter().format(record).split(" ", 2)[2]


def test_a_line_outside_of_calls() -> None:
    assert line("ready") == "WARNING signaling.hpb: ready"


def test_lines_of_tasks_name_their_call_and_session() -> None:
    async def task(room: str, session: str) -> str:
        room_token.set(room)
        session_id.set(session)
        await asyncio.sleep(0)
        return line("lost")

    async def both() -> tuple[str, str]:
        return await asyncio.gather(task("abc123", "0123456789abc"), task("xyz", ""))

    first, second = asyncio.run(both())
    assert first == "WARNING signaling.hpb: [abc123/01234567] lost"
    assert second == "WARNING signaling.hpb: [xyz] lost"


def test_refusals_on_purpose_are_no_errors() -> None:
    """Django would log each 503; one with an exception behind it stays."""

    def record(status: int, error: Exception | None) -> logging.LogRecord:
        info = (type(error), error, None) if error else None
        made = logging.LogRecord("django.request", 40, "", 1, "x", None, info)
        made.status_code = status
        return made

    keep = UnavailableFilter().filter
    assert not keep(record(503, None))
    assert keep(record(500, None))
    assert keep(record(503, ValueError()))
    assert keep(logging.LogRecord("django.request", 40, "", 1, "x", None, None))


def test_json_is_one_line_with_all_that_is_known() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        info = sys.exc_info()
    record = logging.LogRecord("a.b", 40, "", 1, "no\n%s", ("\u2028",), info)
    record.room_token, record.session_id = "abc123", "0123456789abc"
    record.created = 0.5
    text = JsonFormatter().format(record)
    assert len(text.splitlines()) == 1
    fields = json.loads(text)
    assert "ValueError: first\nsecond" in fields.pop("exception")
    assert fields == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "ERROR",
        "logger": "a.b",
        "message": "no\n\u2028",
        "process": os.getpid(),
        "room_token": "abc123",
        "session_id": "0123456789abc",
    }


def test_json_leaves_out_what_is_empty() -> None:
    record = logging.LogRecord("a.b", 30, "", 1, "ready", None, None)
    assert CallFilter().filter(record)
    assert set(json.loads(JsonFormatter().format(record))) == {
        "time",
        "level",
        "logger",
        "message",
        "process",
    }
