# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A board that is quick, and the workers it listens to."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from calls.control import DASHBOARD_GROUP, WorkerVitals
from calls.dashboard import board as module
from calls.dashboard.board import Board
from tests.calls.factories import WorkerFactory


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty updates a second, or the tests would wait most of the time."""
    monkeypatch.setattr(module, "UPDATE_S", 0.02)
    monkeypatch.setattr(module, "IDLE_LOOK_S", 0.01)
    monkeypatch.setattr(module, "RETRY_S", 0.01)


def layer() -> Any:
    """The channel layer of this process."""
    return get_channel_layer()


@asynccontextmanager
async def running(board: Board) -> AsyncIterator[None]:
    """The board at work."""
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(board.run())
        try:
            yield
        finally:
            work.cancel()


async def worker_row(name: str) -> str:
    """A worker that is alive; returns its channel."""
    row = await sync_to_async(WorkerFactory.create)(name=name, channel=f"calls.{name}")
    return str(row.channel)


async def asked(channel: str) -> dict[str, Any]:
    """What a worker is asked next."""
    async with asyncio.timeout(5):
        return dict(await layer().receive(channel))


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that polling brings about."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - nobody is there who could tell
            await asyncio.sleep(0.01)


async def tell(worker: str, **vitals: Any) -> None:
    """What a worker tells."""
    text = json.dumps({"name": worker, **vitals})
    message = WorkerVitals(worker, text).to_message()
    await layer().group_send(DASHBOARD_GROUP, message)
