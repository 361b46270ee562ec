# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The operators' pages in Chromium, through the PHP proxy and through HaRP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from devkit.app import AppProcess
from devkit.front import COOKIE, NextcloudFront
from devkit.nextcloud import NextcloudStandIn
from devkit.routes import declared_routes, harp_match, php_match
from devkit.talk import AppCredentials
from tests.browser.conftest import Visit, visiting
from tests.browser.pages import look_at

SECRET = "secret-of-the-pages"
PROXIES = ("php", "harp")
pytestmark = pytest.mark.timeout(90)
PAGES = (
    "",
    "calls/call/",
    "calls/callevent/",
    "calls/language/",
    "calls/language/1/change/",
    "calls/roomsettings/",
    "calls/roomsettings/add/",
    "calls/worker/",
)


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[NextcloudFront]:
    """The app, installed in a Nextcloud that browsers reach."""
    async with (
        NextcloudStandIn(AppCredentials(SECRET)) as nextcloud,
        AppProcess(nextcloud, folder, {"LT_HPB_URL": "ws://127.0.0.1:9"}) as app,
        NextcloudFront(nextcloud) as front,
    ):
        await nextcloud.talk.init()
        await nextcloud.wait_enabled()
        yield front
        assert "Traceback" not in app.log


def admin_url(front: NextcloudFront, proxy: str) -> str:
    """The first page."""
    return front.php_admin if proxy == "php" else front.harp_admin


async def change_room_language(visit: Visit, admin: str) -> None:
    """Add a room's language, then choose another one."""
    page = visit.page
    await page.goto(f"{admin}calls/roomsettings/")
    await page.locator(".object-tools .addlink").click()
    await page.fill("[name=room_token]", "roomtoken1")
    await choose(visit, "fr")
    await page.locator("#result_list a", has_text="roomtoken1").click()
    await choose(visit, "en")
    await page.locator("#result_list a", has_text="roomtoken1").click()
    await expect(page.locator("[name=language]")).to_have_value("en")


async def choose(visit: Visit, language: str) -> None:
    """In the form of a room, whatever it is made with, and save."""
    field = visit.page.locator("[name=language]")
    if await field.evaluate("field => field.tagName") == "SELECT":
        await field.select_option(language)
    else:
        await field.fill(language)
    await visit.page.locator("[name=_save]").click()
    await expect(visit.page.locator(".messagelist .success")).to_have_count(1)


async def change_default_language(visit: Visit, admin: str) -> None:
    """French for rooms in which nobody chose."""
    page = visit.page
    await page.goto(f"{admin}calls/language/")
    await page.get_by_role("link", name="fr", exact=True).click()
    await page.check("[name=is_default]")
    await page.locator("[name=_save]").click()
    await expect(page.locator(".messagelist .success")).to_have_count(1)
    row = page.locator("#result_list tr", has_text="Français").or_(
        page.locator("#result_list tr", has_text="French")
    )
    await expect(row.locator("img[alt=True]")).to_have_count(2)


async def run_the_self_test(visit: Visit, admin: str) -> None:
    """From the button to the verdict, without loading the page again."""
    page = visit.page
    await page.goto(admin)
    await page.locator("#user-tools").get_by_role("link", name="Self-test").click()
    await page.get_by_role("button", name="Run the self-test").click()
    verdict = page.get_by_role("status")
    await expect(verdict).to_contain_text("begin with the first failure")
    row = page.get_by_role("row", name="Failure Speech-to-text")
    await expect(row).to_contain_text("MODAL_WORKSPACE")
    await expect(page.locator("#doctor-begin")).to_be_enabled()
    await look_at(visit)


async def test_pages_through_both_proxies(browser: Browser, tmp_path: Path) -> None:
    """Administrators work here without a password; everybody else gets nothing."""
    async with serving(tmp_path) as front:
        for proxy in PROXIES:
            admin = admin_url(front, proxy)
            async with visiting(browser, front, "admin") as visit:
                await visit.page.goto(admin)
                await expect(visit.page.locator("#header")).to_be_visible()
                await change_default_language(visit, admin)
                if proxy == "php":
                    await change_room_language(visit, admin)
                    await run_the_self_test(visit, admin)
                    for path in PAGES:
                        await visit.page.goto(f"{admin}{path}")
                        await look_at(visit)
                assert visit.problems == []
        assert front.harp.failures == 0
        await everybody_else_gets_nothing(browser, front)


async def everybody_else_gets_nothing(browser: Browser, front: NextcloudFront) -> None:
    """A plain user and a guest, through either proxy; a stranger past both."""
    for name in ("alice", ""):
        async with visiting(browser, front, name) as visit:
            response = await visit.page.goto(front.php_admin)
            assert response is not None
            assert response.status == 404
            response = await visit.page.goto(front.harp_admin)
            assert response is not None
            assert response.status == 403
    assert front.harp.failures > 0


async def no_socket_is_opened(front: NextcloudFront) -> None:
    """HaRP lets administrators try at any page; that is refused without an error."""
    headers = {"Origin": front.url}
    async with aiohttp.ClientSession(cookies={COOKIE: "admin"}) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await client.ws_connect(front.harp_admin, headers=headers)
    assert refusal.value.status == 403


async def test_the_menu_entry_leads_to_the_pages(
    browser: Browser, tmp_path: Path
) -> None:
    """It comes with enabling and goes with disabling the app."""
    async with serving(tmp_path) as front:
        async with visiting(browser, front, "alice") as visit:
            response = await visit.page.goto(front.menu)
            assert response is not None
            assert response.status == 404
        async with visiting(browser, front, "admin") as visit:
            await visit.page.goto(front.menu)
            await visit.page.wait_for_url(f"**{'/apps/app_api/proxy/'}**/admin/")
            await expect(visit.page.locator("#header")).to_be_visible()
            assert visit.problems == []
        await no_socket_is_opened(front)
        await front.nextcloud.talk.set_enabled(False)
        assert front.nextcloud.record.entries == {}


@pytest.mark.parametrize(
    "path",
    [
        "api/v1/status",
        "enabled",
        "init",
        "occ/calls",
        "occ/doctor",
        "metrics",
        "capabilities",
    ],
)
def test_nothing_but_pages_is_behind_the_proxies(path: str) -> None:
    """Talk's, AppAPI's and Prometheus' addresses are declared for nobody."""
    routes = declared_routes()
    assert php_match(routes, "GET", path) is None
    assert harp_match(routes, path) is None
