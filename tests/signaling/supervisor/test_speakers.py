# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Places for speakers: the limit holds in running calls, over all of them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from pytest_django.fixtures import Settings

from livetranscription import logs
from signaling.config import IceServer
from signaling.hpb.messages import OutgoingMessage
from signaling.supervisor.environment import CallEnvironment
from signaling.supervisor.seats import SpeakerSeats
from signaling.supervisor.speaker import SpeakerPipeline, SpeakerPorts
from signaling.supervisor.speakers import Speakers


class Pipeline:
    """Runs until it is stopped."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.is_replaced = False
        self.deaf = asyncio.Event()
        self.has_begun = False
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """The publisher has left."""
        self._stopped.set()
        self.deaf.set()

    async def run(self) -> None:
        """Nothing but waiting."""
        self.has_begun = True
        await self._stopped.wait()


@asynccontextmanager
async def call(
    seats: SpeakerSeats,
) -> AsyncIterator[tuple[Speakers, list[str], list[str]]]:
    """A call's speakers, who was refused, and who ended."""
    refused: list[str] = []
    ended: list[str] = []
    speakers = Speakers(
        lambda session_id: cast("SpeakerPipeline", Pipeline(session_id)),
        lambda session_id: None,
        lambda pipeline: ended.append(pipeline.session_id),
        seats,
        refused.append,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(speakers.run())
        await asyncio.sleep(0)
        yield speakers, refused, ended
        speakers.close()


async def test_everybody_is_heard_without_a_limit() -> None:
    """The default."""
    async with call(SpeakerSeats(0)) as (speakers, refused, _):
        speakers.follow(f"S{n}" for n in range(200))
        assert (len(speakers), refused) == (200, [])


async def test_beyond_the_limit_nobody_is_heard_until_somebody_leaves() -> None:
    """Told once, whoever else comes and goes; the next look takes the free seat."""
    seats = SpeakerSeats(2)
    async with call(seats) as (speakers, refused, ended):
        speakers.follow(["A", "B"])
        speakers.follow(["A", "B", "C"])
        speakers.follow(["A", "B", "C"])
        assert (len(speakers), refused) == (2, ["C"])
        speakers.follow(["A", "C"])
        await asyncio.sleep(0.01)  # B brings out the last words
        assert ended == ["B"]
        speakers.follow(["A", "C"])
        assert {pipeline.session_id for pipeline in speakers} == {"A", "C"}
        assert speakers.get("C") is not None
        assert speakers.get("B") is None
    assert seats.taken == 0


async def test_the_limit_counts_all_calls_of_a_process() -> None:
    """What one call frees another may take."""
    seats = SpeakerSeats(1)
    async with call(seats) as (first, _, _):
        async with call(seats) as (second, refused, _):
            second.follow(["B"])
            first.follow(["A"])
            assert (len(first), len(second), refused) == (0, 1, [])
        first.follow(["A"])
        assert (len(first), seats.taken) == (1, 1)


class Lines(logging.Handler):
    """Keeps log lines as programs read them."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(logs.CallFilter())
        self.setFormatter(logs.JsonFormatter())
        self.lines: list[dict[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Format in the task that logs."""
        self.lines.append(json.loads(self.format(record)))


async def test_lines_of_a_speaker_name_room_and_session(settings: Settings) -> None:
    """From the innermost task of a real pipeline, below the call's own task."""
    settings.LT_STT_URL = "ws://127.0.0.1:1"
    environment = CallEnvironment.from_settings("w")
    logger, handler = logging.getLogger("tests.speakers"), Lines()
    logger.addHandler(handler)
    asked = asyncio.Event()

    def send(message: OutgoingMessage) -> None:
        logger.warning("asking")
        asked.set()

    async def ice_servers() -> list[IceServer]:
        return []

    ports = SpeakerPorts(send, ice_servers, lambda *_: None, lambda *_: None)
    speakers = Speakers(
        lambda session_id: SpeakerPipeline(
            session_id, environment.audio_path, environment.slots, ports
        ),
        lambda session_id: None,
        lambda pipeline: None,
        SpeakerSeats(0),
        lambda session_id: None,
    )

    async def hold_call() -> None:
        logs.room_token.set("abc123")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(speakers.run())
            await asyncio.sleep(0)
            speakers.follow(["0123456789abc"])
            async with asyncio.timeout(5):
                await asked.wait()
            speakers.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold_call())
    logger.removeHandler(handler)
    line = handler.lines[0]
    assert (line["room_token"], line["session_id"]) == ("abc123", "0123456789abc")


async def test_who_is_connected_again_keeps_the_seat() -> None:
    """Even where all are taken; the limit holds for everybody else."""
    seats = SpeakerSeats(1)
    async with call(seats) as (speakers, refused, ended):
        speakers.follow(["A", "A"])
        await asyncio.sleep(0)
        old = speakers.get("A")
        speakers.restart("A")
        new = speakers.get("A")
        assert old is not None
        assert new is not None
        assert new is not old
        assert (old.is_replaced, new.is_replaced) == (True, False)
        speakers.follow(["A", "B"])
        assert (speakers.get("A"), refused) == (new, ["B"])
        await asyncio.sleep(0.01)  # the first one brings out the last words
        assert (ended, seats.taken) == (["A"], 1)
    assert seats.taken == 0


async def test_a_new_connection_waits_for_the_end_of_the_old_one() -> None:
    """The HPB would end both."""
    seats = SpeakerSeats(0)
    async with call(seats) as (speakers, _, ended):
        speakers.follow(["A"])
        await asyncio.sleep(0)
        old = cast("Any", speakers.get("A"))
        old.stop = lambda: None
        speakers.restart("A")
        new = cast("Any", speakers.get("A"))
        await asyncio.sleep(0.05)
        assert not new.has_begun
        old.deaf.set()
        await asyncio.sleep(0.01)
        assert new.has_begun
        Pipeline.stop(old)


async def test_who_is_not_there_is_not_connected_again() -> None:
    seats = SpeakerSeats(1)
    async with call(seats) as (speakers, refused, ended):
        speakers.restart("A")
        assert (len(speakers), refused, ended, seats.taken) == (0, [], [], 0)
