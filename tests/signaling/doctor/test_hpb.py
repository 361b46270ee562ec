# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the self-test says about broken HPBs: the real one, with one thing wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from aiohttp import web
from pytest_django.fixtures import Settings

from devkit.nextcloud import NextcloudStandIn
from devkit.program import HOST, free_ports
from devkit.realhpb import RealHpb
from devkit.stun import StunServer
from signaling.doctor.catalogue import CHECKS, subject
from signaling.doctor.result import Level
from signaling.doctor.run import chosen, run
from tests.signaling.doctor.conftest import LIMITS, Examine, use

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.hpb]


async def test_all_is_well(hpb: RealHpb, examine: Examine) -> None:
    found = await examine("media", "turn", "clocks", "talk")
    assert {name: result.seen for name, result in found.items() if result.change} == {}
    assert {result.level for result in found.values()} == {Level.OK}
    assert "25 packets came back" in found["media"].seen
    assert "1.2.4" in found["hpb"].seen or "2." in found["hpb"].seen


async def test_wrong_secret(hpb: RealHpb, settings: Settings, examine: Examine) -> None:
    settings.LT_INTERNAL_SECRET = "canary-that-is-wrong"
    found = await examine("media-server")
    assert found["secret"].level is Level.FAILURE
    assert "LT_INTERNAL_SECRET" in found["secret"].change
    assert found["media-server"].level is Level.SKIPPED
    assert "canary" not in str(found)


async def test_wrong_secret_is_said_once(hpb: RealHpb, settings: Settings) -> None:
    settings.LT_INTERNAL_SECRET = "wrong"
    one = subject(limits=LIMITS)
    await run(chosen(CHECKS, ["secret"]), one)
    *_, again = await run(chosen(CHECKS, ["secret"]), one)
    assert "is not asked again" in again.seen
    assert "LT_INTERNAL_SECRET" in again.seen
    one.guard.clear()


async def test_wrong_url(
    nextcloud: NextcloudStandIn, settings: Settings, examine: Examine
) -> None:
    settings.LT_HPB_URL = f"http://{HOST}:{free_ports(1)[0]}"
    hpb = (await examine("hpb"))["hpb"]
    assert hpb.level is Level.FAILURE
    assert "LT_HPB_URL" in hpb.change
    assert "cannot be reached" in hpb.seen


async def test_unknown_backend(
    hpb: RealHpb, settings: Settings, examine: Examine
) -> None:
    settings.LT_BACKEND_URL = "https://other.example.com"
    found = await examine("backend")
    assert found["secret"].level is Level.OK
    assert found["backend"].level is Level.FAILURE
    assert "LT_BACKEND_URL" in found["backend"].change
    assert "https://other.example.com" in found["backend"].seen


@asynccontextmanager
async def web_server(hpb_url: str, prefix: str) -> AsyncIterator[str]:
    """In front of the HPB: passes its page on below a prefix, and no websocket."""

    async def pass_on(request: web.Request) -> web.Response:
        async with httpx.AsyncClient() as client:
            answer = await client.get(hpb_url + request.path.removeprefix(prefix))
        return web.Response(
            body=answer.content,
            status=answer.status_code,
            content_type="application/json",
        )

    application = web.Application()
    application.add_routes([web.get(prefix + "/api/v1/welcome", pass_on)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_path_of_the_web_server_is_missing(
    hpb: RealHpb, settings: Settings, examine: Examine
) -> None:
    async with web_server(hpb.url, "/standalone-signaling") as url:
        settings.LT_HPB_URL = url
        found = (await examine("hpb"))["hpb"]
    assert found.level is Level.FAILURE
    assert found.change == f"LT_HPB_URL={url}/standalone-signaling"


async def test_web_server_does_not_pass_spreed_on(
    hpb: RealHpb, settings: Settings, examine: Examine
) -> None:
    async with web_server(hpb.url, "") as url:
        settings.LT_HPB_URL = url
        found = await examine("secret")
    assert found["hpb"].level is Level.OK
    assert "HTTP 404 in place of a websocket" in found["secret"].seen
    assert "/spreed" in found["secret"].change


async def test_no_hpb_but_a_nextcloud(
    nextcloud: NextcloudStandIn, settings: Settings, examine: Examine
) -> None:
    settings.LT_HPB_URL = nextcloud.url
    found = (await examine("hpb"))["hpb"]
    assert "No HPB answers" in found.seen
    assert "LT_HPB_URL" in found.change


async def test_plain_http_to_a_tls_port(
    hpb: RealHpb, settings: Settings, examine: Examine
) -> None:
    settings.LT_HPB_URL = hpb.tls_url.replace("https:", "http:")
    found = (await examine("hpb"))["hpb"]
    assert found.seen == "The server wants TLS on this port."
    assert found.change == "LT_HPB_URL has to begin with https://."


async def test_tls_to_a_plain_port(
    hpb: RealHpb, settings: Settings, examine: Examine
) -> None:
    settings.LT_HPB_URL = hpb.url.replace("http:", "https:")
    found = (await examine("hpb"))["hpb"]
    assert found.level is Level.FAILURE
    assert "does not speak TLS" in found.seen
    assert "LT_HPB_URL: begin with http://" in found.change


async def test_self_signed_certificate(
    hpb: RealHpb, settings: Settings, examine: Examine
) -> None:
    settings.LT_HPB_URL = hpb.tls_url
    found = (await examine("hpb"))["hpb"]
    assert "not trusted: self-signed certificate" in found.seen
    assert "SKIP_CERT_VERIFY" in found.change
    settings.SKIP_CERT_VERIFY = True
    trusted = await examine("media-server")
    assert {result.level for result in trusted.values()} == {Level.OK}


async def test_hpb_without_media_server(
    nextcloud: NextcloudStandIn, settings: Settings, examine: Examine
) -> None:
    async with RealHpb(nextcloud.url, nextcloud.backend_secret, janus=False) as bare:
        use(bare, settings)
        found = await examine("media")
    assert found["media-server"].level is Level.FAILURE
    assert "`[mcu]`" in found["media-server"].change
    assert found["media"].level is Level.SKIPPED


async def test_rsa_certificate(
    nextcloud: NextcloudStandIn, settings: Settings, examine: Examine
) -> None:
    async with RealHpb(nextcloud.url, nextcloud.backend_secret, rsa=True) as rsa:
        use(rsa, settings)
        media = (await examine("media"))["media"]
    assert media.level is Level.FAILURE
    assert "rsa_private_key = false" in media.change


async def test_hpb_falls_silent(settings: Settings, examine: Examine) -> None:
    """Takes the connection and says nothing, as an overloaded one."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.transport.abort()

    server = await asyncio.start_server(serve, HOST, 0)
    settings.LT_HPB_URL = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    found = (await examine("hpb", request_s=0.2))["hpb"]
    done.set()
    server.close()
    assert "does not answer in time" in found.seen


async def test_talk_uses_another_hpb(
    hpb: RealHpb, settings: Settings, examine: Examine
) -> None:
    settings.LT_HPB_URL = hpb.url.replace(HOST, "localhost")
    talk = (await examine("talk"))["talk"]
    assert talk.level is Level.WARNING
    assert "LT_HPB_URL" in talk.change


async def test_media_comes_without_a_turn_server_that_works(
    hpb: RealHpb, nextcloud: NextcloudStandIn, examine: Examine
) -> None:
    async with StunServer() as strict:
        entry = {"urls": [strict.url("turn")], "username": "u", "credential": "canary"}
        nextcloud.turn_servers = [entry]
        found = await examine("media", "turn")
    assert found["turn"].level is Level.WARNING
    assert found["media"].level is Level.OK
