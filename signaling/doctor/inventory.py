# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Every setting: what it is now, where it comes from, whether it may be shown."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from livetranscription import environment

SECRET_WORDS = ("KEY", "SECRET", "TOKEN", "PASSWORD")
FROM_APPAPI = frozenset(
    {
        "AA_VERSION",
        "APP_HOST",
        "APP_ID",
        "APP_PERSISTENT_STORAGE",
        "APP_PORT",
        "APP_SECRET",
        "APP_VERSION",
        "HP_SHARED_KEY",
        "NEXTCLOUD_URL",
    }
)


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, value and source of each; of secrets, whether they are set."""
    for name in environment.names_read:
        yield name, _shown(name), source(name)


def source(name: str) -> str:
    """`AppAPI`, `environment` or `default`."""
    if not os.environ.get(name, "").strip():
        return "default"
    return "AppAPI" if name in FROM_APPAPI else "environment"


def is_secret(name: str) -> bool:
    """By its name, so that none can be forgotten."""
    return any(word in name for word in SECRET_WORDS)


def _shown(name: str) -> str:
    # Of some, settings.py keeps only what it made of them.
    value = str(getattr(settings, name, os.environ.get(name, "").strip()))
    if is_secret(name):
        return "set" if value else "not set"
    return without_credentials(value) or "not set"


def without_credentials(value: str) -> str:
    """A URL without user, password, query and fragment; anything else as it is."""
    if "://" not in value:
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return "(no URL)"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
