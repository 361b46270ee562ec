# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Whether the app is enabled, and the work behind `/init`."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pytest_django.fixtures import Settings

from calls.lifecycle import Background
from devkit.nextcloud import NextcloudStandIn
from devkit.talk import AppCredentials
from tests.calls.conftest import SECRET

pytestmark = pytest.mark.django_db(transaction=True)  # enabled: calls are taken up


@pytest.fixture
async def stand_in(settings: Settings) -> AsyncIterator[NextcloudStandIn]:
    """The devkit's Nextcloud."""
    async with NextcloudStandIn(AppCredentials(SECRET)) as nextcloud:
        settings.NEXTCLOUD_URL = nextcloud.url
        yield nextcloud


async def until(background: Background, enabled: bool) -> None:
    """Wait for the answer."""
    async with asyncio.timeout(5):
        while background.enabled is not enabled:  # noqa: ASYNC110 - a plain flag
            await asyncio.sleep(0.01)


async def test_asks_nextcloud_at_the_start(stand_in: NextcloudStandIn) -> None:
    """After a restart nobody calls us: we ask."""
    stand_in.enabled = True
    background = Background()
    assert not background.enabled
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(background.run())
        await until(background, True)
        running.cancel()


async def test_asks_again_while_nextcloud_is_away(
    settings: Settings, stand_in: NextcloudStandIn
) -> None:
    """Until then the answer is no."""
    stand_in.enabled = True
    url, settings.NEXTCLOUD_URL = stand_in.url, "http://127.0.0.1:1"
    background = Background()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(background.run())
        await asyncio.sleep(0)
        assert not background.enabled
        settings.NEXTCLOUD_URL = url
        await until(background, True)
        running.cancel()


async def test_being_told_wins_over_asking(settings: Settings) -> None:
    """`PUT /enabled` is newer than any answer."""
    settings.NEXTCLOUD_URL = "http://127.0.0.1:1"
    background = Background()
    background.tell(True)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(background.run())
        await asyncio.sleep(0.05)
        assert background.enabled
        running.cancel()


async def test_progress_is_reported_behind_the_answer(
    stand_in: NextcloudStandIn,
) -> None:
    """100, once, and again while Nextcloud does not take it."""
    background = Background()
    with pytest.raises(RuntimeError):
        background.report_initialised()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(background.run())
        await asyncio.sleep(0)
        background.report_initialised()
        async with asyncio.timeout(5):
            while not stand_in.record.progress:  # noqa: ASYNC110 - a plain list
                await asyncio.sleep(0.01)
        running.cancel()
    assert stand_in.record.progress == [100]
    assert not background.running
