# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The self-test as a page for operators and as a command of Nextcloud's `occ`."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt

from calls.lifecycle import background
from calls.schemas import SchemaError, parse_occ_options
from calls.views.answers import error
from signaling.doctor import report
from signaling.doctor.catalogue import CHECKS, subject
from signaling.doctor.result import exit_code
from signaling.doctor.run import run
from signaling.doctor.selftest import self_test

STATES = {
    "waiting": gettext_lazy("Waiting"),
    "running": gettext_lazy("Running"),
    "ok": gettext_lazy("OK"),
    "warning": gettext_lazy("Warning"),
    "failure": gettext_lazy("Failure"),
    "skipped": gettext_lazy("Skipped"),
}


def page(request: HttpRequest) -> HttpResponse:
    """Results of the last run; POST begins another."""
    if request.method == "POST":
        return _begin(request)
    return _answer(request)


def state(request: HttpRequest) -> JsonResponse:
    """What the page's script puts in place of what it shows."""
    html = render_to_string("doctor/results.html", _context(), request)
    return JsonResponse({"running": self_test.is_running, "html": html})


def _begin(request: HttpRequest) -> HttpResponse:
    if not background.running:
        text = _("This process does not run the server's background work.")
        return _answer(request, text, status=503)
    if self_test.claim():
        background.start(self_test.run)
    return HttpResponseRedirect(reverse("doctor"))


def _answer(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        **_context(),
        "title": _("Self-test"),
        "problem": problem,
    }
    return TemplateResponse(request, "doctor/page.html", context, status=status)


def _context() -> dict[str, Any]:
    began_at_s = self_test.began_at_s
    return {
        "running": self_test.is_running,
        "rows": [
            {"title": _(row.title), "state": row.state, "label": STATES[row.state]}
            | {"result": row.result}
            for row in self_test.rows
        ],
        "done": self_test.done,
        "level": self_test.level,
        "told": self_test.told,
        "began_at": datetime.fromtimestamp(began_at_s, UTC) if began_at_s else None,
    }


@csrf_exempt
async def occ(request: HttpRequest) -> HttpResponse:
    """`occ live_transcription:doctor [--json]`; anything but 200 is exit code 1.

    AppAPI waits without a limit, and shows the body whatever the status.
    """
    if request.method != "POST":
        return error("method not allowed", 405)
    if getattr(request, "scope", {}).get("appapi_user"):
        return error("only for occ", 403)
    try:
        options = parse_occ_options(request.body)
    except SchemaError as problem:
        return error(str(problem), 400)
    results = await run(CHECKS, subject(in_server=background.running))
    failed = exit_code(results) > 1
    is_json = options.get("json") is True
    return HttpResponse(
        report.as_json(results) if is_json else report.plain_text(results),
        status=503 if failed else 200,
        content_type=f"{'application/json' if is_json else 'text/plain'}; charset=utf-8",
    )
