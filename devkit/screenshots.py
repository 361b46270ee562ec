# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pictures of the operators' pages for the documentation, with a call in them."""

from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Page

from devkit.browser import chromium
from devkit.front import NextcloudFront
from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import spoken_words

ROOM = "teammeeting"
SIZE = {"width": 1280, "height": 720}
LIVE_MS = 12_000
PAGES = {
    "operators-first": "",
    "operators-calls": "calls/call/",
    "operators-call": "calls/call/1/change/",
    "operators-languages": "calls/language/",
    "operators-rooms": "calls/roomsettings/",
    "operators-events": "calls/callevent/",
}


async def take(folder: Path, on_step: Callable[[str], None]) -> None:
    """Write one PNG per page into `folder`; tells each name as it is written."""
    on_step("a call")
    audio = spoken_words(0, range(1, 110), 48_000)
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        NextcloudFront(call.nextcloud) as front,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(call.nextcloud, ROOM, "Ann", audio) as ann,
        Speaker(call.nextcloud, ROOM, "Charles", audio) as charles,
        chromium() as browser,
    ):
        await viewer.enter_call()
        for speaker in (ann, charles):
            await speaker.enter_call()
        await call.nextcloud.talk.set_language("frenchlesson", "fr")
        await viewer.press_cc()
        await call.wait_heard(2)
        ann.speak()
        await viewer.wait_for_captions(12)
        page = await browser.new_page()
        await page.set_viewport_size(SIZE)  # type: ignore[arg-type]
        await page.goto(f"{front.url}/login/admin")
        for name, path in PAGES.items():
            on_step(name)
            if path:
                await _open(page, f"{front.php_admin}{path}")
            else:
                await _look_on(page, front.php_admin)
            await page.screenshot(path=folder / f"{name}.png", full_page=True)
        on_step("operators-doctor")
        await page.goto(f"{front.php_admin}doctor/")
        await page.click("#doctor-begin")
        await page.wait_for_selector("#doctor-begin:enabled")
        await page.screenshot(path=folder / "operators-doctor.png", full_page=True)


async def _look_on(page: Page, url: str) -> None:
    """Until the live page has something to show, and a line of it to draw."""
    await page.goto(url)
    await page.wait_for_selector(".lt-speaker[data-speaking=true]")
    await page.wait_for_timeout(LIVE_MS)


async def _open(page: Page, url: str) -> None:
    """Raises `RuntimeError` if the page is not there."""
    response = await page.goto(url)
    if response is None or response.status != 200:
        raise RuntimeError(f"no page at {url}")
