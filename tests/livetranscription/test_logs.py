"""Log lines say which call and which session they are about."""

import asyncio
import logging

from livetranscription.logs import CallFilter, LineFormatter, room_token, session_id


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
