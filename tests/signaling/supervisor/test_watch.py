# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A worker tells how its calls go while it is asked to, and whatever happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import get_channel_layer

from calls.control import (
    DASHBOARD_GROUP,
    PreviewCall,
    ReconnectSpeaker,
    RetryHpb,
    WatchCalls,
    WorkerVitals,
)
from signaling.consumers import CallConsumer
from signaling.supervisor import watch as module
from signaling.supervisor.vitals import Load
from signaling.supervisor.watch import CallWatch


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TELL_S", 0.02)
    monkeypatch.setattr(module, "NAP_S", 0.005)


@pytest.fixture
async def channel() -> AsyncIterator[str]:
    """Where the web side listens."""
    layer: Any = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add(DASHBOARD_GROUP, name)
    yield str(name)
    await layer.group_discard(DASHBOARD_GROUP, name)


async def heard(channel: str) -> WorkerVitals:
    """What comes next."""
    async with asyncio.timeout(5):
        layer: Any = get_channel_layer()
        return WorkerVitals.from_message(await layer.receive(channel))


async def test_it_tells_while_it_is_asked(
    channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCH_S", 0.1)
    loads: list[Load] = []

    def vitals(load: Load) -> str:
        loads.append(load)
        return "{}"

    watch = CallWatch("w1", vitals)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(watch.run())
        await asyncio.sleep(0.03)
        assert watch.told == 0
        watch.extend()
        assert await heard(channel) == WorkerVitals("w1", "{}")
        await heard(channel)
        await asyncio.sleep(0.2)
        told = watch.told
        await asyncio.sleep(0.05)
        assert watch.told == told, "it did not stop"
        watch.extend()
        await heard(channel)
        work.cancel()
    assert loads[0] == Load()
    assert loads[1].cpu > 0


async def test_an_error_in_what_is_told_ends_nothing(channel: str) -> None:
    texts = iter(["", "{}"])

    def vitals(load: Load) -> str:
        text = next(texts)
        if not text:
            raise ValueError("broken")
        return text

    watch = CallWatch("w1", vitals)
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(watch.run())
        watch.extend()
        assert (await heard(channel)).text == "{}"
        work.cancel()


class Registry:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def wake(self, room_token: str) -> None:
        self.told.append(room_token)

    def watch(self) -> None:
        self.told.append("watch")

    def preview(self, room_token: str, *, is_on: bool) -> None:
        self.told.append((room_token, is_on))

    def reconnect(self, room_token: str, session_id: str) -> None:
        self.told.append((room_token, session_id))

    def retry(self) -> None:
        self.told.append("retry")


async def test_messages_reach_the_registry() -> None:
    registry = Registry()
    consumer = CallConsumer(registry)
    await consumer.call_watch(WatchCalls().to_message())
    await consumer.call_preview(PreviewCall("room", True).to_message())
    await consumer.call_reconnect(ReconnectSpeaker("room", "session").to_message())
    await consumer.call_retry(RetryHpb().to_message())
    assert registry.told == ["watch", ("room", True), ("room", "session"), "retry"]
