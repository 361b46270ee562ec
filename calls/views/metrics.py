# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`/metrics` for Prometheus, and the time that our answers take."""

import time
from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from calls import services
from calls.views.answers import api
from livetranscription import metrics as measured

UNKNOWN = "unknown"


class RowsCollector(Collector):
    """What rows say at this moment, of all workers on whatever host."""

    def collect(self) -> Iterator[Metric]:
        """Open calls, speakers, readers, workers; without a database only that."""
        build = _gauge("build", "The version that runs.", ["version"])
        build.add_metric([settings.APP_VERSION], 1)
        yield build
        up = _gauge("database_up", "Whether rows could be read.")
        try:
            counts = services.standing()
        except DatabaseError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        for name, text, numbers in (
            ("calls", "Calls that are not over, by state.", counts.calls),
            ("speakers", "Speakers of these calls, by state.", counts.speakers),
            ("recipients", "Readers of these calls, by state.", counts.recipients),
        ):
            family = _gauge(name, text, ["state"])
            for state, number in numbers.items():
                family.add_metric([state], number)
            yield family
        workers = _gauge("workers", "Workers that are alive.")
        workers.add_metric([], counts.workers)
        yield workers


def _gauge(name: str, text: str, labels: list[str] | None = None) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{measured.PREFIX}_{name}", text, labels=labels or [])


@api("GET")
def metrics(request: HttpRequest) -> HttpResponse:
    """All of it; for Prometheus, and for whoever has the shared secret."""
    if getattr(request, "scope", {}).get("appapi_user"):
        # A user of Nextcloud, through its proxy: that is what the pages are for.
        return HttpResponse("not for users\n", status=403, content_type="text/plain")
    return HttpResponse(
        measured.exposition(RowsCollector()),
        content_type=measured.CONTENT_TYPE,
        headers={"Cache-Control": "no-store"},
    )


@sync_and_async_middleware
def request_times(get_response: Any) -> Any:
    """Observe how long each answer takes, in either mode of Django."""
    if iscoroutinefunction(get_response):

        async def ahandle(request: HttpRequest) -> Any:
            """The request of an asynchronous server."""
            began_s = time.monotonic()
            response = await get_response(request)
            _observe(request, response.status_code, began_s)
            return response

        return ahandle

    def handle(request: HttpRequest) -> Any:
        """The request of a synchronous server."""
        began_s = time.monotonic()
        response = get_response(request)
        _observe(request, response.status_code, began_s)
        return response

    return handle


def _observe(request: HttpRequest, status: int, began_s: float) -> None:
    match = request.resolver_match
    route = UNKNOWN if match is None else f"/{match.route}"
    took_s = time.monotonic() - began_s
    measured.observe_request(request.method or "", route, status, took_s)
