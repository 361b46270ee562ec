# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What Nextcloud shows of us: a menu entry for administrators and occ commands.

AppAPI keeps these in its database until they are removed. Older versions lack some,
which costs nothing but the entry.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from calls.nextcloud import Nextcloud, NextcloudError

logger = logging.getLogger(__name__)

MENU_NAME = "operators"
REMOVE_TIMEOUT_S = 10.0
"AppAPI waits for 60 s when it disables an app."


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that AppAPI keeps of us."""

    path: str
    "Below `api/v1/`."
    body: dict[str, Any]
    key: tuple[str, ...]
    "Fields of the body that name it when it is removed."

    @property
    def name_only(self) -> dict[str, Any]:
        """The body of its removal."""
        return {field: self.body[field] for field in self.key}


def _option(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "shortcut": None,
        "mode": "none",
        "description": description,
        "default": None,
    }


def _occ_command(name: str, description: str, **options: str) -> Entry:
    body = {
        "name": f"live_transcription:{name}",
        "description": description,
        "hidden": 0,
        "arguments": [],
        "options": [_option(*option) for option in options.items()],
        "usages": [],
        "execute_handler": f"occ/{name}",
    }
    return Entry("occ_command", body, ("name",))


ENTRIES = (
    Entry(
        "ui/top-menu",
        {
            "name": MENU_NAME,
            "displayName": "Live Transcription",
            "icon": "static/calls/menu.svg",
            "adminRequired": 1,
        },
        ("name",),
    ),
    # The page of the entry is empty: this script goes on to ours.
    Entry(
        "ui/script",
        {
            "type": "top_menu",
            "name": MENU_NAME,
            "path": "static/calls/menu",
            "afterAppId": "",
        },
        ("type", "name", "path"),
    ),
    _occ_command(
        "calls",
        "Show the calls that are captioned now",
        json="Print JSON",
        past="The calls that ended last",
    ),
    _occ_command(
        "doctor",
        "Test every link from Nextcloud to a word, and say what to change",
        json="Print JSON",
    ),
)


async def register() -> None:
    """Tell Nextcloud what to show; what it refuses is said and left out."""
    nextcloud = Nextcloud.from_settings()
    for entry in ENTRIES:
        try:
            await nextcloud.register(entry.path, entry.body)
        except NextcloudError as error:
            logger.warning("Nextcloud does not take %s of us: %s", entry.path, error)


async def remove() -> None:
    """Take it all back, within `REMOVE_TIMEOUT_S`; what fails is said."""
    nextcloud = Nextcloud.from_settings()
    try:
        async with asyncio.timeout(REMOVE_TIMEOUT_S):
            for entry in reversed(ENTRIES):
                await _remove(nextcloud, entry)
    except TimeoutError:
        logger.warning("Nextcloud was too slow to forget the entries of this app")


async def _remove(nextcloud: Nextcloud, entry: Entry) -> None:
    try:
        await nextcloud.unregister(entry.path, entry.name_only)
    except NextcloudError as error:
        logger.warning("Nextcloud keeps %s of this app: %s", entry.path, error)
