# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Chromium before both proxies, and behind them the app with a call around it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, expect

from devkit.browser import CHROMIUM, chromium
from devkit.front import NextcloudFront
from tests.conftest import missing

PATIENCE_MS = 15_000
"Rows are read every five seconds, one page asks every two, and machines may be slow."
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Visit:
    """A page in a browser, and all it should not have done."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note errors on the console and requests to anywhere else."""
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console",
            self._on_console,
        )
        self.page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"{message.text} {message.location['url']}")

    def _on_request(self, request: Request) -> None:
        own = (self.url, self.url.replace("http", "ws", 1), "data:")
        if not request.url.startswith(own):
            self.problems.append(f"a request to {request.url}")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real one."""
    if not CHROMIUM.exists():
        missing("chromium")
    async with chromium() as browser:
        yield browser


@asynccontextmanager
async def visiting(
    browser: Browser, front: NextcloudFront, name: str
) -> AsyncIterator[Visit]:
    """Somebody's browser; nobody is logged in if the name is empty."""
    context = await browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = await context.new_page()
    if name:
        await page.goto(f"{front.url}/login/{name}")
    visit = Visit(page, front.url)
    visit.watch()
    try:
        yield visit
    finally:
        await context.close()
