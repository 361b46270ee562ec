# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What Talk calls: capabilities, languages, captions on and off, language, status."""

import resource

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from calls import services
from calls.configuration import (
    hpb_is_configured,
    missing_settings,
    modal_is_configured,
)
from calls.languages import plain_list, talk_map
from calls.lifecycle import background
from calls.schemas import parse_leave, parse_set_language, parse_transcribe
from calls.views.answers import answer, api, error, while_enabled


@api("GET")
def capabilities(request: HttpRequest) -> HttpResponse:
    """Asked while Nextcloud builds its own capabilities: constant time, no I/O."""
    return answer(
        {
            "live_transcription": {
                "version": settings.APP_VERSION,
                "features": ["live_transcription"],
                "live_transcription": {
                    "supported_languages": talk_map(services.offered_languages())
                },
            }
        }
    )


@api("GET")
@while_enabled
def languages(request: HttpRequest) -> HttpResponse:
    """Talk's map of languages; `?format=list` for clients that want a list."""
    if request.GET.get("format") == "list":
        return answer(plain_list(services.offered_languages()))
    return answer(talk_map(services.offered_languages()))


@api("POST")
@while_enabled
def transcribe(request: HttpRequest) -> HttpResponse:
    """Captions on or off for one participant; the bot joins in the background."""
    wish = parse_transcribe(request.body)
    if not wish.enable:
        services.unwant_captions(wish.room_token, wish.nextcloud_session_id)
        return answer({"status": "ok", "enabled": False})
    missing = missing_settings()
    if missing:
        return error(f"not configured: {', '.join(missing)}", 503)
    call = services.want_captions(
        wish.room_token, wish.nextcloud_session_id, wish.language
    )
    return answer({"status": "ok", "enabled": True, "language": call.language})


@api("POST")
@while_enabled
def set_language(request: HttpRequest) -> HttpResponse:
    """A moderator chose a language; stored with or without a running call."""
    choice = parse_set_language(request.body)
    if choice.language is not None and not services.is_offered(choice.language):
        return error(f"langId {choice.language} is switched off", 400)
    language = services.set_room_language(choice.room_token, choice.language)
    return answer({"status": "ok", "language": language})


@api("POST")
@while_enabled
def leave(request: HttpRequest) -> HttpResponse:
    """Leave a room; one we are not in is fine."""
    services.leave_room(parse_leave(request.body).room_token)
    return answer({"status": "ok"})


@api("GET")
def status(request: HttpRequest) -> HttpResponse:
    """What is going on, in numbers."""
    now = services.status()
    return answer(
        {
            "active_rooms": now.active_rooms,
            "active_transcribers": now.active_transcribers,
            "recipients": now.recipients,
            "workers": now.workers,
            "memory_mb": _peak_memory_mb(),
            "tasks": background.tasks,
            "version": settings.APP_VERSION,
            "hpb_configured": hpb_is_configured(),
            "modal_configured": modal_is_configured(),
            "missing_settings": missing_settings(),
        }
    )


def _peak_memory_mb() -> int:
    """Peak memory of this process; Linux counts it in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
