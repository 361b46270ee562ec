# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What AppAPI calls: heartbeat, init, enabled; and the health of the process."""

from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from calls import readiness, registration, services
from calls.configuration import (
    hpb_is_configured,
    missing_settings,
    missing_stt_settings,
    modal_is_configured,
)
from calls.lifecycle import background
from calls.views.answers import answer, api, error


@api("GET")
def heartbeat(request: HttpRequest) -> HttpResponse:
    """Alive. Open, and exactly this body: anything else means "not ready"."""
    return answer({"status": "ok"})


@api("GET")
def health(request: HttpRequest) -> HttpResponse:
    """Alive; with credentials also what is configured."""
    body: dict[str, Any] = {"status": "ok"}
    if getattr(request, "scope", {}).get("appapi_user") is not None:
        body["version"] = settings.APP_VERSION
        body["hpb_configured"] = hpb_is_configured()
        body["stt_configured"] = not missing_stt_settings()
        body["modal_configured"] = modal_is_configured()
    return answer(body)


@api("GET")
def ready(request: HttpRequest) -> HttpResponse:
    """Whether a call could be captioned now; 503 with reasons if not."""
    reasons = async_to_sync(readiness.reasons)()
    checks = {
        name: {"ok": False, "reason": reason} if reason else {"ok": True}
        for name, reason in reasons.items()
    }
    is_ready = not any(reasons.values())
    return answer({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)


@api("POST")
def init(request: HttpRequest) -> HttpResponse:
    """Nothing to prepare: say so to Nextcloud once this answer is out."""
    if not background.running:
        return error("the server is not running its background work", 503)
    background.report_initialised()
    return answer({})


@api("GET", "PUT")
def enabled(request: HttpRequest) -> HttpResponse:
    """`PUT ?enabled=1|0` from AppAPI; `GET` tells whether captions can be had."""
    if request.method == "GET":
        return answer({"enabled": background.enabled and not missing_settings()})
    value = request.GET.get("enabled", "")
    if value not in ("0", "1"):
        return error("enabled must be 0 or 1", 400)
    background.tell(value == "1")
    if value == "1":
        services.resume_calls()
        background.register_entries()
    else:
        services.suspend_calls()
        async_to_sync(registration.remove)()
    return answer({"error": ""})
