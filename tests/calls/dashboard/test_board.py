# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Updates are put together once, from what is fresh, while somebody looks."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from django.db import OperationalError

from calls import services
from calls.control import DASHBOARD_GROUP
from calls.dashboard import board as module
from calls.dashboard.board import Board
from tests.calls.dashboard.boards import (
    _quick,
    asked,
    layer,
    running,
    tell,
    until,
    worker_row,
)
from tests.calls.factories import CallFactory, SpeakerFactory

__all__ = ["_quick"]

pytestmark = pytest.mark.django_db(transaction=True)


class Screen:
    """A viewer that keeps what it is shown."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self._breaks = breaks

    async def show(self, number: int, text: str) -> None:
        if self._breaks:
            raise ConnectionError("gone")
        self.texts.put_nowait(text)

    async def next_with(self, workers: int) -> dict[str, Any]:
        """The next update that shows so many workers' news."""
        async with asyncio.timeout(5):
            while True:
                update: dict[str, Any] = json.loads(await self.texts.get())
                if update["rows"] and len(update["workers"]) == workers:
                    return update


async def test_nobody_is_asked_while_nobody_looks() -> None:
    channel, board = await worker_row("idle"), Board()
    async with running(board):
        await asyncio.sleep(0.05)
        assert DASHBOARD_GROUP not in layer().groups
        assert channel not in layer().channels
        assert board.number == 0


async def test_what_all_workers_tell_is_in_one_update_for_all_viewers() -> None:
    channels, board = [await worker_row(name) for name in "ab"], Board()
    screens = [Screen(), Screen()]
    for screen in screens:
        assert board.join(screen)
    async with running(board):
        for channel in channels:
            assert (await asked(channel))["type"] == "call.watch"
        await tell("a", speakers=1)
        await tell("b", speakers=2)
        await tell("a", speakers=3)
        update = await screens[0].next_with(2)
        assert {w["name"]: w["speakers"] for w in update["workers"]} == {"a": 3, "b": 2}
        assert [w["name"] for w in update["rows"]["workers"]] == ["a", "b"]
    first, second = (screen.texts for screen in screens)
    assert second.qsize() > first.qsize()
    shown = {id(second.get_nowait()) for _ in range(second.qsize())}
    while not first.empty():
        assert id(first.get_nowait()) in shown, "the text was built twice"


async def test_a_worker_that_tells_nothing_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.1)
    channel, board, screen = await worker_row("a"), Board(), Screen()
    board.join(screen)
    async with running(board):
        await asked(channel)
        await tell("a")
        await screen.next_with(1)
        await screen.next_with(0)


async def test_polling_is_looking_too_and_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    channel, board = await worker_row("a"), Board()
    async with running(board):
        assert json.loads(board.poll())["rows"] is None
        await asked(channel)
        await tell("a")
        await until(lambda: bool(json.loads(board.poll())["workers"]))
        monkeypatch.setattr(module, "POLLED_S", 0.0)
        await until(lambda: not board.text)
        assert DASHBOARD_GROUP not in layer().groups


async def test_a_viewer_that_breaks_is_let_go() -> None:
    board, screen = Board(), Screen()
    board.join(Screen(breaks=True))
    board.join(screen)
    async with running(board):
        await screen.next_with(0)
    assert board.viewers == 1


async def test_a_database_that_is_away_stops_no_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(services, "today", away)
    board, screen = Board(), Screen()
    board.join(screen)
    async with running(board):
        async with asyncio.timeout(5):
            first, second = await screen.texts.get(), await screen.texts.get()
        assert json.loads(first)["number"] + 1 == json.loads(second)["number"]


async def test_a_layer_that_is_away_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, failures = layer(), iter([OSError("away")])
    whole = ours.new_channel

    async def new_channel() -> str:
        for failure in failures:
            raise failure
        return str(await whole())

    monkeypatch.setattr(ours, "new_channel", new_channel)
    board, screen = Board(), Screen()
    board.join(screen)
    async with running(board):
        await screen.next_with(0)


def test_viewers_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VIEWERS", 1)
    board = Board()
    assert board.join(Screen())
    assert not board.join(Screen())


def test_rows_of_open_calls_and_of_today() -> None:
    call = CallFactory.create()
    SpeakerFactory.create(call=call, speech_s=60.0, stt_s=90.0)
    text, channels = module._read_rows()
    rows = json.loads(text)
    assert [row["room"] for row in rows["calls"]] == [call.room_token]
    assert rows["today"] == {"speech_s": 60, "stt_s": 90}
    assert channels == [
        row["name"] and f"calls.{row['name']}" for row in rows["workers"]
    ]


async def test_a_listener_that_ends_is_noticed_whoever_swallows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The Redis client has been seen to swallow cancellations while it reconnects."""
    channel, ours = await worker_row("a"), layer()
    receive, send = ours.receive, ours.send
    asks, failures = asyncio.Event(), iter([OSError("away")])

    async def broken_receive(name: str) -> Any:
        for failure in failures:
            await asks.wait()
            raise failure
        return await receive(name)

    async def swallowing_send(name: str, message: dict[str, Any]) -> None:
        if name == channel:
            asks.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)
        else:
            await send(name, message)

    monkeypatch.setattr(ours, "receive", broken_receive)
    monkeypatch.setattr(ours, "send", swallowing_send)
    monkeypatch.setattr(module, "ROWS_S", 0.1)
    board, screen = Board(), Screen()
    board.join(screen)
    async with running(board):
        async with asyncio.timeout(3):
            while not board._told:
                await tell("a")
                await asyncio.sleep(0.01)
        await screen.next_with(1)
