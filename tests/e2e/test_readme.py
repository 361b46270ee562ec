# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The README's development install, typed line by line by somebody who trusts it."""

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devkit.browser import CHROMIUM, chromium
from devkit.image import ROOT
from devkit.terminal import Terminal
from tests.conftest import missing

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

INSTALL_S = 240.0
CAPTIONS_S = 120.0
CAPTION = re.compile(
    r"^ +\d+\.\d s +(Charles|Samuel) +\+?[\d.]* ?s? +\w+", re.MULTILINE
)
ADMIN = re.compile(
    r"The admin is at\s+(http://\S+/admin/)\s+\(user\s+(\w+),\s+password\s+(\w+)\)"
)


def lines_to_type() -> list[str]:
    """The block of the section "Run it for development"."""
    section = (ROOT / "README.md").read_text().split("## Run it for development")[1]
    match = re.search(r"```sh\n(.+?)```", section, re.DOTALL)
    assert match is not None
    return match.group(1).strip().splitlines()


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    """A shell in an empty folder, in which the project's address leads to our copy."""
    kept = ("PATH", "LANG", "HOME", "CI")
    tools = ("PIP_", "SSL_", "REQUESTS_", "HTTP", "NO_PROXY", "OPENBLAS")
    with tempfile.TemporaryDirectory(prefix="live_transcription-readme-") as folder:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in kept or name.upper().startswith(tools)
        } | {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": f"url.file://{ROOT}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/codemyriad/live_transcription.git",
            "GIT_CONFIG_KEY_1": "safe.directory",
            "GIT_CONFIG_VALUE_1": "*",
            "COLUMNS": "100",
        }
        async with Terminal(Path(folder), environment) as terminal:
            yield terminal


async def test_development_install_ends_with_captions_and_the_admin(
    terminal: Terminal,
) -> None:
    """Each line ends well before the next one; the last one captions a call."""
    if not CHROMIUM.exists():
        missing("chromium")
    *installing, last = lines_to_type()
    for line in installing:
        assert await terminal.type(line, INSTALL_S) == 0, terminal.tail()
    terminal.begin(last)
    admin = await terminal.wait_for(ADMIN, CAPTIONS_S)
    await terminal.wait_for(CAPTION, CAPTIONS_S)
    await look_at_the_admin(*admin.groups())
    assert await terminal.interrupt(signal.SIGINT) == 0, terminal.tail()


async def look_at_the_admin(url: str, user: str, password: str) -> None:
    """In a real browser: log in, see the call that is running."""
    problems: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(url)
        await page.fill("input[name=username]", user)
        await page.fill("input[name=password]", password)
        await page.click("input[type=submit]")
        await page.click("a[href$='/admin/calls/call/']")
        await page.get_by_role("link", name="demo2cities").click()
        await page.get_by_text("Charles").first.wait_for()
    assert problems == []


async def test_a_line_that_fails_is_noticed(terminal: Terminal) -> None:
    """Or the test above would prove nothing."""
    assert await terminal.type("cd /nowhere", 10.0) != 0
    assert await terminal.type("true", 10.0) == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await terminal.wait_for(re.compile("never printed"), 0.5)
