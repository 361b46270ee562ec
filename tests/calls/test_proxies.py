# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pages for operators: who gets in, and what the proxies need of answers."""

import re
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from calls.models import RoomSettings
from calls.proxies import is_page
from livetranscription.asgi import application
from tests.calls.conftest import appapi_headers

PHP = {"x-origin-ip": "192.0.2.7"}
PHP_PREFIX = "/index.php/apps/app_api/proxy/live_transcription"
HARP_PREFIX = "/exapps/live_transcription"
ADD_ROOM = "/admin/calls/roomsettings/add/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/admin", True),
        ("/admin/", True),
        ("/static/calls/menu.js", True),
        ("/ws/dashboard", True),
        ("/administrator", False),
        ("/api/v1/status", False),
        ("/", False),
    ],
)
def test_what_is_a_page(path: str, expected: bool) -> None:
    assert is_page(path) is expected


async def test_an_administrator_is_a_staff_user_without_a_password(
    nextcloud: httpx.AsyncClient,
) -> None:
    response = await nextcloud.get("/admin/")
    assert response.status_code == 200
    user = await User.objects.aget()
    assert (user.username, user.is_staff, user.is_superuser) == ("alice", True, True)
    assert not user.has_usable_password()
    assert (await nextcloud.get("/admin/")).status_code == 200
    assert await User.objects.acount() == 1


async def test_calls_of_nextcloud_itself_see_no_pages(
    anonymous: httpx.AsyncClient,
) -> None:
    """An empty user is Nextcloud, or a guest."""
    anonymous.headers.update(appapi_headers(user=""))
    response = await anonymous.get("/admin/")
    assert response.status_code == 403
    assert response.json() == {"error": "for Nextcloud administrators"}
    assert not await User.objects.aexists()


async def test_strangers_see_no_pages(anonymous: httpx.AsyncClient) -> None:
    for path in ("/admin/", "/static/calls/menu.js", "/admin/login/"):
        assert (await anonymous.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "prefix"), [(PHP, PHP_PREFIX), ({}, HARP_PREFIX)], ids=["php", "harp"]
)
async def test_every_link_has_the_prefix_of_its_proxy(
    nextcloud: httpx.AsyncClient, headers: dict[str, str], prefix: str
) -> None:
    page = (await nextcloud.get("/admin/calls/roomsettings/", headers=headers)).text
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert len(links) > 5
    assert [link for link in links if not link.startswith(f"{prefix}/")] == []


async def test_prefix_of_a_nextcloud_in_a_folder_and_of_an_operator(
    nextcloud: httpx.AsyncClient, settings: Settings
) -> None:
    settings.NEXTCLOUD_URL = "https://example.com/cloud"
    page = (await nextcloud.get("/admin/", headers=PHP)).text
    assert f'"/cloud{PHP_PREFIX}/admin/' in page
    settings.LT_PROXY_PREFIX = "/captions"
    page = (await nextcloud.get("/admin/", headers=PHP)).text
    assert '"/captions/admin/' in page
    assert PHP_PREFIX not in page


async def test_answers_carry_what_the_proxies_need(
    nextcloud: httpx.AsyncClient, settings: Settings
) -> None:
    """No caching, our own policy, a length, one cookie that needs TLS where there is."""
    settings.NEXTCLOUD_URL = "https://example.com"
    response = await nextcloud.get(ADD_ROOM, headers=PHP)
    assert response.headers["cache-control"]
    assert "no-store" in response.headers["cache-control"]
    assert "script-src" not in response.headers["content-security-policy"]
    assert response.headers["content-security-policy"].startswith("default-src 'self'")
    assert response.headers["x-frame-options"] == "DENY"
    assert int(response.headers["content-length"]) == len(response.content)
    [cookie] = response.headers.get_list("set-cookie")
    assert cookie.startswith("lt_csrf=")
    assert "Path=/;" in cookie
    assert "SameSite=Lax" in cookie
    assert cookie.endswith("; Secure")


async def add_room(
    client: httpx.AsyncClient, origin: str | None, **headers: str
) -> httpx.Response:
    """Save a form as a browser does."""
    page = await client.get(ADD_ROOM)
    match = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert match is not None
    form = {
        "csrfmiddlewaretoken": match[1],
        "room_token": "room1",
        "language": "fr",
    }
    origins = {} if origin is None else {"origin": origin}
    return await client.post(ADD_ROOM, data=form, headers={**origins, **headers})


@pytest.mark.parametrize("origin", [None, "null", "https://app", "http://app"])
async def test_forms_are_taken_from_our_own_pages(
    nextcloud: httpx.AsyncClient, origin: str | None
) -> None:
    """Nextcloud's referrer policy makes browsers say `null`."""
    response = await add_room(nextcloud, origin)
    assert response.status_code == 302
    assert response.headers["location"].startswith(f"{HARP_PREFIX}/admin/")
    assert await RoomSettings.objects.filter(room_token="room1").aexists()


async def test_redirects_become_pages_for_the_php_proxy(
    nextcloud: httpx.AsyncClient,
) -> None:
    response = await add_room(nextcloud, "null", **PHP)
    assert response.status_code == 200
    assert "location" not in response.headers
    target = f"{PHP_PREFIX}/admin/calls/roomsettings/"
    assert f'content="0;url={target}"' in response.text
    assert int(response.headers["content-length"]) == len(response.content)


async def test_the_word_of_success_needs_no_cookie(
    nextcloud: httpx.AsyncClient,
) -> None:
    """The PHP proxy lets one through; a second one would cost us the first."""
    saved = await add_room(nextcloud, "null")
    assert saved.headers.get_list("set-cookie") == []
    for expected in (1, 0):
        page = await nextcloud.get("/admin/calls/roomsettings/")
        assert page.text.count('class="success"') == expected
        cookies = page.headers.get_list("set-cookie")
        assert [c.partition("=")[0] for c in cookies] == ["lt_csrf"]


async def test_forms_of_other_sites_are_refused(nextcloud: httpx.AsyncClient) -> None:
    response = await add_room(nextcloud, "https://evil.example")
    assert response.status_code == 403
    assert not await RoomSettings.objects.aexists()


async def test_the_csrf_token_is_still_checked(nextcloud: httpx.AsyncClient) -> None:
    form = {"room_token": "room1", "language": "fr"}
    response = await nextcloud.post(ADD_ROOM, data=form, headers={"origin": "null"})
    assert response.status_code == 403
    assert not await RoomSettings.objects.aexists()


@pytest.mark.parametrize("origins", [[], [b"null"], [b"https://evil.example"]])
async def test_sockets_need_our_own_origin(origins: list[bytes]) -> None:
    assert await socket_answer(origins) == [{"type": "websocket.close", "code": 4403}]


async def socket_answer(origins: list[bytes]) -> list[dict[str, Any]]:
    """What an administrator's WebSocket is told."""
    headers = [(k.lower().encode(), v.encode()) for k, v in appapi_headers().items()]
    headers += [(b"host", b"cloud.example"), *((b"origin", o) for o in origins)]
    scope = {"type": "websocket", "path": "/ws/dashboard", "headers": headers}
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    await application(scope, receive, send)
    return sent
