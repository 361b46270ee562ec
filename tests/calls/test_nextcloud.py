# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Requests to Nextcloud, against a real HTTP server."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from pytest_django.fixtures import Settings

from calls import services
from calls.nextcloud import IceUrls, Nextcloud, NextcloudError
from devkit.nextcloud import NextcloudStandIn
from devkit.talk import AppCredentials
from tests.calls.conftest import SECRET


@pytest.fixture
async def stand_in(settings: Settings) -> AsyncIterator[NextcloudStandIn]:
    """The devkit's Nextcloud, which checks what AppAPI checks."""
    async with NextcloudStandIn(AppCredentials(SECRET)) as nextcloud:
        nextcloud.enabled = True
        settings.NEXTCLOUD_URL = nextcloud.url
        yield nextcloud


async def test_state_and_progress(stand_in: NextcloudStandIn) -> None:
    """What AppAPI tells and wants to be told."""
    nextcloud = Nextcloud.from_settings()
    assert await nextcloud.is_enabled()
    stand_in.enabled = False
    assert not await nextcloud.is_enabled()
    await nextcloud.report_progress(40)
    assert stand_in.record.progress == [40]
    assert stand_in.record.refused == 0


async def test_ice_servers(stand_in: NextcloudStandIn) -> None:
    """Entries of odd shapes are left out, the others kept."""
    stand_in.stun_servers = [{"urls": ["stun:a"]}, {"urls": 5}, {}]
    stand_in.turn_servers = [
        {"urls": "turn:b", "username": "u", "credential": "c"},
        {"urls": ["turn:c"], "username": 1},
    ]
    ice = await services.signaling_settings()
    assert ice.stun == (IceUrls(("stun:a",)),)
    assert ice.turn == (IceUrls(("turn:b",), "u", "c"), IceUrls(("turn:c",)))
    assert "canary" not in repr(IceUrls(("turn:b",), "u", "canary"))


async def test_backend_urls(stand_in: NextcloudStandIn, settings: Settings) -> None:
    """The setting alone; else the public URL, then the one we use ourselves."""
    assert await services.backend_urls() == (stand_in.url,)
    settings.LT_BACKEND_URL = "https://cloud.example.com"
    assert await services.backend_urls() == ("https://cloud.example.com",)
    settings.LT_BACKEND_URL = ""
    settings.APP_SECRET = "wrong"
    assert await services.backend_urls() == (stand_in.url,)
    assert stand_in.record.refused == 1


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "nothing",
        '{"ocs": {}}',
        '{"ocs": {"meta": {"statuscode": 997}, "data": []}}',
        '{"ocs": {"meta": {"statuscode": 100}, "data": []}}',
    ],
)
async def test_odd_answers(settings: Settings, body: str) -> None:
    """200 means nothing: the envelope has to be right."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settings.NEXTCLOUD_URL = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with pytest.raises(NextcloudError):
        await Nextcloud.from_settings().public_url()
    with pytest.raises(NextcloudError):
        await Nextcloud.from_settings().signaling_settings()
    await runner.cleanup()


async def test_nextcloud_away(settings: Settings) -> None:
    """Errors say what happened, without a secret."""
    settings.NEXTCLOUD_URL = "http://127.0.0.1:1"
    with pytest.raises(NextcloudError, match="cannot be reached") as raised:
        await Nextcloud.from_settings().is_enabled()
    assert raised.value.retryable
    assert SECRET not in str(raised.value)
    assert SECRET not in repr(Nextcloud.from_settings())
    settings.NEXTCLOUD_URL = ""
    with pytest.raises(NextcloudError) as raised:
        await Nextcloud.from_settings().is_enabled()
    assert not raised.value.retryable
