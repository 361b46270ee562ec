# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The dashboard without a WebSocket, and the switch of the preview."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from calls import services
from calls.dashboard.board import board
from calls.views.answers import answer, error

View = Callable[..., HttpResponse]


def for_operators(view: View) -> View:
    """Answer 403 to everybody but staff."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = getattr(request, "user", None)
        if user is None or not (user.is_active and user.is_staff):
            return error("for Nextcloud administrators", 403)
        return view(request, *args, **kwargs)

    return wrapped


@require_GET
@for_operators
def live(request: HttpRequest) -> HttpResponse:
    """The newest update, where the proxy has no WebSocket."""
    return HttpResponse(
        board.poll(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


@require_POST
@for_operators
def preview(request: HttpRequest, call_id: int) -> HttpResponse:
    """`on=1` or `on=0`: whether the dashboard shows the words of a call."""
    wanted = request.POST.get("on", "")
    if wanted not in ("0", "1"):
        return error("on must be 0 or 1", 400)
    operator = request.user.get_username()
    if not services.preview_call(call_id, operator, is_on=wanted == "1"):
        return error("no worker holds this call", 404)
    return answer({"preview": wanted == "1"})
