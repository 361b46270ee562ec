# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A real call, seen and stopped by an administrator in Chromium."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, expect

from devkit.front import NextcloudFront
from devkit.participant import Viewer
from devkit.realhpb import available
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import spoken_words
from tests.browser.conftest import visiting
from tests.browser.pages import look_at
from tests.conftest import missing

ROOM = "watchedroom"

pytestmark = [pytest.mark.hpb, pytest.mark.timeout(60)]


@pytest.fixture(autouse=True)
def _real_hpb() -> None:
    """Name what is missing; fail where everything has to be there."""
    lacking = available()
    if lacking is not None:
        missing(lacking)


async def expect_after_reload(page: Page, text: str) -> None:
    """Reload until the page has it; ten seconds at most."""
    async with asyncio.timeout(10):
        while text not in await page.locator("#content").inner_text():
            await page.reload()


async def test_an_administrator_sees_a_call_and_stops_it(browser: Browser) -> None:
    """Readers, speaker and events are there; after the stop the bot leaves at once."""
    audio = spoken_words(0, range(1, 100), 48_000)
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        NextcloudFront(call.nextcloud) as front,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(call.nextcloud, ROOM, "Ann", audio) as speaker,
        visiting(browser, front, "admin") as visit,
    ):
        page = visit.page
        await viewer.enter_call()
        await speaker.enter_call()
        await viewer.press_cc()
        await call.wait_heard(1)
        speaker.speak()
        await viewer.wait_for_captions(2)
        await page.goto(f"{front.php_admin}calls/call/")
        await page.locator("#result_list a", has_text=ROOM).click()
        for seen in ("Ann", "call.claimed", "hpb.joined", "speaker.listening"):
            await expect(page.locator("#content")).to_contain_text(seen)
        await look_at(visit)
        await speaker.leave_call()
        await expect_after_reload(page, "speaker.left")
        status = (await call.nextcloud.talk.status()).json()
        assert status["active_transcribers"] == 0
        await page.get_by_role("button", name="Stop captions…").click()
        await look_at(visit)
        await page.get_by_role("button", name="Stop captions", exact=True).click()
        await expect(page.locator(".success")).to_have_text("1 call was stopped.")
        await viewer.wait_until(lambda: viewer.bots_left == 1, 5.0)
        await page.locator("#result_list a", has_text=ROOM).click()
        await expect(page.locator("#content")).to_contain_text("stopped by admin")
        assert visit.problems == []
