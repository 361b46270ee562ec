# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Many calls leave nothing behind: no task, thread, socket, connection or memory."""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil
import pytest
from aiortc import RTCPeerConnection
from channels.db import database_sync_to_async
from pytest_django.fixtures import Settings

from calls import services
from devkit.nextcloud import NextcloudStandIn
from devkit.participant import Viewer
from devkit.people import HpbLink
from devkit.realhpb import RealHpb
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.stt import SttServer
from devkit.talk import AppCredentials
from devkit.tones import spoken_words
from signaling.supervisor.environment import CallEnvironment
from signaling.supervisor.registry import CallRegistry

pytestmark = [
    pytest.mark.hpb,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True),
]

ROOM = "leakroom"
CALLS = 15
WARM_UP = 6
"Caches and pools fill up in the first calls."
MEMORY_MIB = 6.0
"What allocators may keep after so many calls; as many leaked calls are far more."
POOLS = ("asyncio_", "ThreadPoolExecutor", "stt-engine")


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a process holds."""

    tasks: int
    threads: int
    files: int
    peer_connections: int
    memory_mib: float

    @classmethod
    def now(cls) -> "Belongings":
        """Counted after a collection of garbage."""
        gc.collect()
        return cls(
            tasks=len(asyncio.all_tasks()),
            # Pools are bounded and fill up when they like; the devkit's publishers
            # encode in the event loop's.
            threads=sum(
                not thread.name.startswith(POOLS) for thread in threading.enumerate()
            ),
            files=len(os.listdir("/proc/self/fd")),
            peer_connections=sum(
                isinstance(thing, RTCPeerConnection) for thing in gc.get_objects()
            ),
            memory_mib=_anonymous_mib(),
        )


def _anonymous_mib() -> float:
    """Memory of our own; the system drops and fetches pages of files as it likes."""
    memory = psutil.Process().memory_info()
    return (memory.rss - memory.shared) / 2**20


@dataclass(slots=True)
class Room:
    """A call in which somebody speaks without end and somebody may read."""

    registry: CallRegistry
    viewer: Viewer
    speaker: Speaker
    stt: SttServer

    async def press(self, enable: bool) -> None:
        """CC on or off, as the view would store it."""
        function = services.want_captions if enable else services.unwant_captions
        arguments = [ROOM, self.viewer.nextcloud_session_id]
        if enable:
            await database_sync_to_async(function)(*arguments, None)
        else:
            await database_sync_to_async(function)(*arguments)
        self.registry.wake(ROOM)

    async def is_over(self) -> None:
        """Wait until the worker holds no room and no stream any more."""
        async with asyncio.timeout(15):
            while len(self.registry) or self.stt.open_records:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.fixture
async def room(settings: Settings) -> AsyncIterator[Room]:
    """The worker's registry in this very process, all else real."""
    credentials = AppCredentials("secret")
    audio = spoken_words(0, range(1, 141), 48_000)
    async with (
        NextcloudStandIn(credentials) as nextcloud,
        RealHpb(nextcloud.url, nextcloud.backend_secret) as hpb,
        SttServer(NumberedEngine()) as stt,
    ):
        nextcloud.hpb = HpbLink(hpb.url)
        nextcloud.enabled = True
        settings.APP_SECRET = credentials.secret
        settings.NEXTCLOUD_URL = settings.LT_BACKEND_URL = nextcloud.url
        settings.LT_HPB_URL = hpb.url
        settings.LT_INTERNAL_SECRET = hpb.internal_secret
        settings.LT_STT_URL = stt.moshi_url  # its markers make for quick ends
        settings.LT_STT_WIRE = "moshi"
        settings.LT_LEAVE_SECONDS = 0.0
        registry = CallRegistry(CallEnvironment.from_settings("test-worker"))
        async with (
            Viewer(nextcloud, ROOM, "Vera") as viewer,
            Speaker(nextcloud, ROOM, "Ann", audio) as speaker,
            asyncio.TaskGroup() as tasks,
        ):
            running = tasks.create_task(registry.run())
            await viewer.enter_call()
            await speaker.enter_call()
            yield Room(registry, viewer, speaker, stt)
            registry.stop()
            await running


async def test_many_calls_leave_nothing_behind(room: Room) -> None:
    """Join, hear, caption, leave; again and again."""
    before = None
    for number in range(WARM_UP + CALLS):
        if number == WARM_UP:
            before = Belongings.now()
        room.viewer.captions.clear()
        room.speaker.track.rewind()
        await room.press(True)
        room.speaker.speak()
        await room.viewer.wait_for_captions(1)
        await room.press(False)
        await room.is_over()
    after = Belongings.now()
    assert before is not None
    assert (after.tasks, after.threads) == (before.tasks, before.threads)
    assert after.files <= before.files
    assert after.peer_connections == before.peer_connections
    assert after.memory_mib - before.memory_mib < MEMORY_MIB


async def test_many_quick_toggles_leave_nothing_behind(room: Room) -> None:
    """On and off again before the bot has even joined."""
    room.speaker.speak()
    await room.press(True)
    await room.stt.wait_until(lambda: bool(room.stt.records), 15.0)
    await room.press(False)
    await room.is_over()
    before = Belongings.now()
    for number in range(CALLS):
        await room.press(True)
        await asyncio.sleep(0.02 * (number % 5))
        await room.press(False)
    await room.is_over()
    after = Belongings.now()
    assert (after.tasks, after.threads) == (before.tasks, before.threads)
    assert after.files <= before.files
    assert after.peer_connections == before.peer_connections
