# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the self-test says about a broken Nextcloud, and about STUN and TURN."""

import time
from typing import Any

import pytest
from aioice import stun
from aioice.turn import make_integrity_key
from pytest_django.fixtures import Settings

from devkit.nextcloud import NextcloudStandIn
from devkit.people import HpbLink
from devkit.program import HOST, free_ports
from devkit.stun import StunServer, polite
from signaling.doctor.result import Level
from tests.signaling.doctor.conftest import Examine

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_wrong_nextcloud_url(settings: Settings, examine: Examine) -> None:
    settings.NEXTCLOUD_URL = f"http://{HOST}:{free_ports(1)[0]}"
    found = await examine("talk")
    assert found["nextcloud"].level is Level.FAILURE
    assert "NEXTCLOUD_URL" in found["nextcloud"].change
    assert found["talk"].level is Level.SKIPPED
    assert found["talk"].seen == "needs: AppAPI"


async def test_wrong_app_secret(
    nextcloud: NextcloudStandIn, settings: Settings, examine: Examine
) -> None:
    """Asked once: Nextcloud counts wrong ones too."""
    settings.APP_SECRET = "canary-that-is-wrong"
    nextcloud.record.refused = 0
    found = await examine("talk", "versions")
    assert found["appapi"].level is Level.FAILURE
    assert "APP_SECRET" in found["appapi"].change
    assert nextcloud.record.refused == 1


async def test_app_disabled(nextcloud: NextcloudStandIn, examine: Examine) -> None:
    nextcloud.enabled = False
    appapi = (await examine("appapi"))["appapi"]
    assert appapi.level is Level.FAILURE
    assert appapi.change == "occ app_api:app:enable live_transcription"


async def test_maintenance(nextcloud: NextcloudStandIn, examine: Examine) -> None:
    nextcloud.facts.maintenance = True
    found = (await examine("nextcloud"))["nextcloud"]
    assert found.level is Level.FAILURE
    assert "maintenance:mode --off" in found.change


@pytest.mark.parametrize(("talk", "says"), [("21.1.4", "Talk 22"), ("", "Install")])
async def test_old_talk_or_none(
    nextcloud: NextcloudStandIn, examine: Examine, talk: str, says: str
) -> None:
    nextcloud.facts.talk = talk
    versions = (await examine("versions"))["versions"]
    assert versions.level is Level.FAILURE
    assert says in versions.change


async def test_talk_without_hpb(nextcloud: NextcloudStandIn, examine: Examine) -> None:
    nextcloud.hpb = None
    talk = (await examine("talk"))["talk"]
    assert talk.level is Level.FAILURE
    assert "High-performance backend" in talk.change


@pytest.mark.parametrize(
    ("ahead_s", "says"), [(90.0, "90 s ahead"), (-45, "45 s behind")]
)
async def test_clock_skew(
    nextcloud: NextcloudStandIn, examine: Examine, ahead_s: float, says: str
) -> None:
    nextcloud.facts.clock_ahead_s = ahead_s
    clocks = (await examine("clocks", "nextcloud"))["clocks"]
    assert clocks.level is Level.WARNING
    assert says in clocks.seen
    assert "NTP" in clocks.change


def relaying(request: stun.Message) -> bytes | None:
    """A TURN server that relays for those who sign their requests."""
    if "USERNAME" not in request.attributes:
        return polite(request)
    answer = stun.Message(
        request.message_method, stun.Class.RESPONSE, request.transaction_id
    )
    if request.message_method == stun.Method.ALLOCATE:
        answer.attributes["XOR-RELAYED-ADDRESS"] = (HOST, 10)
        answer.attributes["XOR-MAPPED-ADDRESS"] = (HOST, 9)
    answer.attributes["LIFETIME"] = request.attributes["LIFETIME"]
    user = request.attributes["USERNAME"]
    answer.add_message_integrity(make_integrity_key(user, "devkit", "canary-of-turn"))
    return bytes(answer)


def turn(url: str, **more: Any) -> list[dict[str, Any]]:
    """As Talk names it."""
    entry = {"urls": [url], "username": "u", "credential": "canary-of-turn"}
    return [entry | more]


async def test_stun_and_turn_that_work(
    nextcloud: NextcloudStandIn, examine: Examine
) -> None:
    nextcloud.hpb = HpbLink("http://hpb")
    async with StunServer(relaying) as server:
        nextcloud.stun_servers = [{"urls": [server.url("stun")]}]
        ends = str(int(time.time()) + 3600)
        nextcloud.turn_servers = turn(server.url("turn"), username=f"{ends}:talk")
        found = (await examine("turn"))["turn"]
        methods = [request.message_method for request in server.asked]
    assert found.level is Level.OK, found
    assert found.details[1][2] == f"relays at {HOST}:10"
    assert methods[-1] == stun.Method.REFRESH  # given back
    assert "canary" not in str(found)


async def test_dead_turn(nextcloud: NextcloudStandIn, examine: Examine) -> None:
    nextcloud.hpb = HpbLink("http://hpb")
    async with StunServer(lambda request: None) as silent:
        nextcloud.stun_servers = [{"urls": [silent.url("stun")]}]
        nextcloud.turn_servers = turn(silent.url("turn"))
        found = (await examine("turn"))["turn"]
    assert found.level is Level.WARNING
    assert found.seen.count("it does not answer") == 2
    assert "TURN servers" in found.change
    assert "STUN servers" in found.change


async def test_turn_refuses_the_credentials(
    nextcloud: NextcloudStandIn, examine: Examine
) -> None:
    nextcloud.hpb = HpbLink("http://hpb")
    async with StunServer() as strict:
        nextcloud.turn_servers = turn(strict.url("turn"))
        found = (await examine("turn"))["turn"]
    assert "STUN error 401" in found.seen
    assert "static-auth-secret" in found.change
    assert "canary" not in str(found)


async def test_turn_credentials_that_have_ended(
    nextcloud: NextcloudStandIn, examine: Examine
) -> None:
    nextcloud.hpb = HpbLink("http://hpb")
    ended = f"{int(time.time()) - 100}:talk"
    nextcloud.turn_servers = turn("turn:127.0.0.1:9", username=ended)
    found = (await examine("turn"))["turn"]
    assert "ended 100 s ago" in found.seen or "ended 101 s ago" in found.seen


async def test_rubbish_among_the_servers(
    nextcloud: NextcloudStandIn, examine: Examine
) -> None:
    nextcloud.hpb = HpbLink("http://hpb")
    nextcloud.turn_servers = turn("turn:")
    found = (await examine("turn"))["turn"]
    assert "no STUN or TURN address" in found.seen
