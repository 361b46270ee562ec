# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the model speaks, and how Nextcloud names languages. Pure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class LanguageInfo:
    """One language as Talk wants to know it."""

    code: str
    name: str
    "In the language itself."
    separator: str = " "
    "Between two captions."
    rtl: bool = False


LANGUAGES = (LanguageInfo("en", "English"), LanguageInfo("fr", "Français"))
CODES = frozenset(language.code for language in LANGUAGES)


def plain_code(code: str) -> str:
    """`en_US`, `fr-CA` and `EN` as `en`, `fr` and `en`."""
    return code.strip().lower().replace("_", "-").partition("-")[0]


def talk_map(languages: tuple[LanguageInfo, ...]) -> dict[str, Any]:
    """Talk's shape: id to name and metadata, all of it required by its renderer."""
    return {
        language.code: {
            "name": language.name,
            "metadata": {"separator": language.separator, "rtl": language.rtl},
        }
        for language in languages
    }


def plain_list(languages: tuple[LanguageInfo, ...]) -> dict[str, Any]:
    """The list form some other clients know."""
    return {
        "languages": [
            {
                "code": language.code,
                "name": language.name,
                "nativeName": language.name,
                "rtl": language.rtl,
            }
            for language in languages
        ]
    }
