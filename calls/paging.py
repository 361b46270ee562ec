# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pages of very long lists, and what is on them beside the rows."""

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from calls import services


class LongPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to a page from whichever end is nearer: databases skip row by row."""

    def page(self, number: int | str) -> Page[Any]:
        """The page as usual; raises `InvalidPage`."""
        page: Page[Any] = super().page(number)
        rows: Any = self.object_list
        if getattr(rows, "ordered", False):
            ids = self._ids(page.number, rows.values_list("pk", flat=True))
            found = rows.in_bulk(ids)
            page.object_list = [found[one] for one in ids if one in found]
        return page

    def _ids(self, number: int, ids: Any) -> list[Any]:
        """Of the rows of a page: an index has them, and nothing is joined to skip it."""
        first = (number - 1) * self.per_page
        end = min(first + self.per_page, self.count)
        if first <= self.count // 2:
            return list(ids[first:end])
        return list(ids.reverse()[self.count - end : self.count - first])[::-1]


class CallList(ChangeList):
    """A page of calls, with figures that one query for each call would be too slow for."""

    def get_results(self, request: HttpRequest) -> None:
        """The rows of the page, each with its figures."""
        super().get_results(request)
        calls = list(self.result_list)
        figures = services.call_figures([call.pk for call in calls])
        for call in calls:
            call.figures = figures[call.pk]
        self.result_list = calls
