# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A real browser: Debian's Chromium."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

CHROMIUM = Path("/usr/bin/chromium")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Started, and ended with all its pages."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox"],  # Chromium will not be root otherwise
        )
        try:
            yield browser
        finally:
            await browser.close()
