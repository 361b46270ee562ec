# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What lists can be narrowed down to; none of it looks through all rows for values."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from calls.codes import EventCode
from calls.languages import LANGUAGES


class OverFilter(SimpleListFilter):
    """Calls that run, or those that are over."""

    title = _("time")
    parameter_name = "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Two choices."""
        return [("no", _("Now")), ("yes", _("Over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By whether the call has ended."""
        wanted = {"no": False, "yes": True}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(is_over=wanted)


class LanguageFilter(SimpleListFilter):
    """One of the languages there are."""

    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Those of speech-to-text."""
        return [(language.code, language.name) for language in LANGUAGES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the column of the same name."""
        return queryset.filter(language=self.value()) if self.value() else queryset


class CodeFilter(SimpleListFilter):
    """One kind of event."""

    title = _("event")
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """All codes, whether one has been seen or not."""
        return [(code.value, code.value) for code in EventCode]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the column of the same name."""
        return queryset.filter(code=self.value()) if self.value() else queryset
