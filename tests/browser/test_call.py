# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A real call, watched live and stopped by an administrator in Chromium."""

import re

import pytest
from playwright.async_api import Browser, Locator, expect

from devkit.front import NextcloudFront
from devkit.participant import Viewer
from devkit.realhpb import available
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import spoken_words
from tests.browser.conftest import Visit, visiting
from tests.browser.pages import look_at
from tests.conftest import missing

ROOM = "watchedroom"

pytestmark = [pytest.mark.hpb, pytest.mark.timeout(120)]


@pytest.fixture(autouse=True)
def _real_hpb() -> None:
    """Name what is missing; fail where everything has to be there."""
    lacking = available()
    if lacking is not None:
        missing(lacking)


class Watcher:
    """An administrator who has the live page open."""

    def __init__(self, visit: Visit, admin: str) -> None:
        self.visit = visit
        self.page = visit.page
        self._admin = admin

    @property
    def card(self) -> Locator:
        """The call on the live page."""
        return self.page.locator(".lt-call", has_text=ROOM)

    @property
    def ann(self) -> Locator:
        """The speaker in it."""
        return self.card.locator(".lt-speaker", has_text="Ann")

    async def open(self) -> None:
        """Nothing goes on yet."""
        await self.page.goto(self._admin)
        await expect(self.page.get_by_text("No call is captioned now")).to_be_visible()

    async def expect_speaking(self, *, is_speaking: bool) -> None:
        """What the chip beside the name says."""
        said = "Speaking" if is_speaking else "Silent"
        await expect(self.ann.locator("[data-slot=voice]")).to_have_text(said)
        await expect(self.ann).to_have_attribute(
            "data-speaking", str(is_speaking).lower()
        )

    async def expect_figures(self) -> None:
        """How loud, how fast, how late."""
        loud = self.ann.locator("meter")
        assert float(await loud.evaluate("node => node.value")) > -60
        delay = self.ann.locator("[data-slot=delay]")
        await expect(delay).to_have_text(re.compile(r"^\d{1,3} ms$"))
        pace = self.ann.locator("[data-slot=pace]")
        await expect(pace).to_have_text(re.compile(r"^[1-9]\d*$"))

    async def show_words(self) -> None:
        """Only on request, and not for long."""
        await expect(self.card.locator("[data-slot=words]")).to_be_hidden()
        await self.card.get_by_role("button", name="Show words").click()
        words = self.card.locator("[data-slot=captions] li").first
        await expect(words).to_have_text(re.compile(r"Ann w\d+"))
        await self.card.get_by_role("button", name="Hide words").click()
        await expect(self.card.locator("[data-slot=words]")).to_be_hidden()

    async def reconnect(self) -> None:
        """What was refused for good works again once it was mended."""
        await self.card.get_by_role("link", name=ROOM).click()
        await self.page.get_by_role("button", name="Connect Ann again").click()
        said = self.page.locator(".success")
        await expect(said).to_have_text("The speaker is connected again.")
        content = self.page.locator("#content")
        await expect(content).to_contain_text("operator.reconnected")
        await self.page.goto(self._admin)

    async def stop(self) -> None:
        """From the live page over the call's own."""
        await self.card.get_by_role("link", name=ROOM).click()
        for seen in (
            "Ann",
            "hpb.joined",
            "speaker.listening",
            "speaker.failed",
            "preview.on",
        ):
            await expect(self.page.locator("#content")).to_contain_text(seen)
        await look_at(self.visit)
        await self.page.get_by_role("button", name="Stop captions…").click()
        await look_at(self.visit)
        button = self.page.get_by_role("button", name="Stop captions", exact=True)
        await button.click()
        said = self.page.locator(".success")
        await expect(said).to_have_text("1 call was stopped.")
        await self.page.locator("#result_list a", has_text=ROOM).click()
        await expect(self.page.locator("#content")).to_contain_text("stopped by admin")

    async def expect_refused(self) -> None:
        """What speech-to-text said, and the setting to change."""
        problem = self.ann.locator("[data-slot=problem]")
        await expect(problem).to_contain_text("speaker.failed")
        await expect(problem).to_contain_text("MODAL_KEY")

    async def expect_listening(self) -> None:
        """Speech-to-text takes the speaker's audio."""
        await expect(self.ann.locator("[data-slot=state]")).to_have_text("listening")


Watchers = tuple[Watcher, Watcher]
"The one that polls, and the one that has a socket."


async def begin(viewer: Viewer, speaker: Speaker, watchers: Watchers) -> None:
    """The call appears, and then that somebody speaks in it."""
    for watcher in watchers:
        await watcher.open()
    await viewer.enter_call()
    await speaker.enter_call()
    await viewer.press_cc()
    for watcher in watchers:
        await expect(watcher.card).to_be_visible()
        await watcher.expect_speaking(is_speaking=False)
    speaker.speak()
    for watcher in watchers:
        await watcher.expect_speaking(is_speaking=True)


async def fail_and_mend(
    call: LocalCall, viewer: Viewer, speaker: Speaker, watchers: Watchers
) -> None:
    """Speech-to-text refuses us for good; captions come again once it is mended."""
    call.stt.faults.handshake_status = 401
    await call.stt.close_connections()
    speaker.track.rewind()
    for watcher in watchers:
        await watcher.expect_refused()
    call.stt.faults.handshake_status = None
    await speaker.track.finished.wait()
    await watchers[1].reconnect()
    captions = len(viewer.captions)
    speaker.track.rewind()
    await viewer.wait_for_captions(captions + 1)
    for watcher in watchers:
        await watcher.expect_listening()


async def test_administrators_watch_a_call_and_stop_it(browser: Browser) -> None:
    """Through both proxies at once: it starts, speaks, fails with a reason, stops."""
    sentence = spoken_words(0, range(1, 30), 48_000)
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        NextcloudFront(call.nextcloud) as front,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(call.nextcloud, ROOM, "Ann", sentence) as speaker,
        visiting(browser, front, "admin") as polling,
        visiting(browser, front, "admin") as live,
    ):
        watchers = (Watcher(polling, front.php_admin), Watcher(live, front.harp_admin))
        await begin(viewer, speaker, watchers)
        await watchers[1].expect_figures()
        await watchers[1].show_words()
        for watcher in watchers:
            await watcher.expect_speaking(is_speaking=False)
            await look_at(watcher.visit)
        await fail_and_mend(call, viewer, speaker, watchers)
        await watchers[1].stop()
        await viewer.wait_until(lambda: viewer.bots_left == 1, 5.0)
        await expect(watchers[0].card).to_be_hidden()
        status = polling.page.locator("[role=status]").first
        assert "Polling" in await status.inner_text()
        assert not re.search(r"\bw\d+\b", call.log)
        assert [*polling.problems, *live.problems] == []
