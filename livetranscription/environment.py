# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Typed readers for environment variables that fail loudly and name the variable.

An unset and an empty variable are the same everywhere: AppAPI leaves out variables
whose value is empty, shells and compose files pass them on.
"""

import os
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
FALSE_WORDS = frozenset({"false", "0", "no", "off"})
names_read: dict[str, None] = {}
"Every variable that was asked for, in that order."


def text(name: str, default: str = "") -> str:
    """Value of `name` without surrounding white space, `default` if unset or empty.

    As it stands: django-environ would take a secret that begins with `$` for the name
    of another variable.
    """
    names_read[name] = None
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """Boolean in any of the usual spellings, case-insensitive."""
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE_WORDS | FALSE_WORDS:
        return value in TRUE_WORDS
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def number(
    name: str, default: float, low: float, high: float, *, or_zero: bool = False
) -> float:
    """Decimal number between `low` and `high`, both allowed; 0 too if it says "off"."""
    value = text(name)
    try:
        result = float(value) if value else float(default)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}") from None
    is_off = or_zero and result == 0
    if not (is_off or low <= result <= high):
        raise ImproperlyConfigured(f"{name} must lie between {low:g} and {high:g}")
    return result


def whole_number(name: str, default: int, low: int, high: int) -> int:
    """Whole number between `low` and `high`, both allowed."""
    result = number(name, default, low, high)
    if result != int(result):
        raise ImproperlyConfigured(f"{name} must be a whole number")
    return int(result)


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """One of `allowed`, case-insensitive."""
    value = text(name, default).lower()
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}")
    return value


def path(name: str) -> str:
    """Path of a URL, without its last slash, or the empty string."""
    value = text(name)
    if value and not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?", value):
        raise ImproperlyConfigured(f"{name} must be a path such as /apps/captions")
    return value.rstrip("/")


def url(name: str, schemes: Collection[str]) -> str:
    """Absolute URL with one of `schemes` and a host, or the empty string.

    The value itself is not repeated in the error: URLs may hold credentials.
    """
    value = text(name).rstrip("/")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise ImproperlyConfigured(f"{name} is not a URL") from None
    if parts.scheme not in schemes or not parts.hostname or not port_is_fine:
        raise ImproperlyConfigured(
            f"{name} must be a full URL that starts with "
            + " or ".join(f"{scheme}://" for scheme in schemes)
        )
    return value
