# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Languages that rooms may have, as the operator has chosen among the model's."""

from django.db import transaction

from calls.languages import LANGUAGES, LanguageInfo
from calls.models import Language

_offered: tuple[LanguageInfo, ...] = LANGUAGES
"As last read, never empty: Nextcloud asks for our capabilities far too often to read it each time."


def offered_languages() -> tuple[LanguageInfo, ...]:
    """Those that are enabled, without I/O."""
    return _offered


def is_offered(code: str) -> bool:
    """Whether a room may have a language."""
    return any(language.code == code for language in _offered)


def read_offered_languages() -> None:
    """Look at the rows: at the start, and after each change."""
    global _offered
    enabled = set(Language.objects.filter(enabled=True).values_list("code", flat=True))
    chosen = tuple(language for language in LANGUAGES if language.code in enabled)
    _offered = chosen or LANGUAGES


def save_language(language: Language) -> None:
    """Store what an operator chose; one default takes the place of another."""
    with transaction.atomic():
        if language.is_default:
            others = Language.objects.filter(is_default=True).exclude(pk=language.pk)
            others.update(is_default=False)
        language.save()
    read_offered_languages()
