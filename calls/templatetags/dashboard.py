# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the dashboard's page hands to its script: texts, and where the socket is."""

from enum import StrEnum

from django import template
from django.http import HttpRequest
from django.utils.translation import gettext as _

from calls.labels import choices
from calls.states import CallState, SpeakerState

register = template.Library()


@register.simple_tag
def dashboard_texts() -> dict[str, str]:
    """Texts by name; `{...}` is filled in by the script."""
    return {
        "live": _("Live"),
        "polling": _("Polling every two seconds"),
        "starting": _("Connecting"),
        "disconnected": _("Disconnected, trying again"),
        "of": _("data of {time}"),
        **_labels("call", CallState),
        **_labels("speaker", SpeakerState),
        "speaking": _("Speaking"),
        "quiet": _("Silent"),
        "unnamed": _("Guest"),
        "level": _("Level of {name}"),
        "delay": _("Delay of captions of {name}, last two minutes; now {delay}"),
        "nothing": _("nothing said lately"),
        "ms": _("{number} ms"),
        "minutes": _("{number} min"),
        "used": _("{used} of {all}"),
        "waiting": _("{used} of {all}, {waiting} wait"),
        "more": _("and {number} more speakers"),
        "seconds_ago": _("{number} s ago"),
        "minutes_ago": _("{number} min ago"),
        "problem": _("{where}: {problem}"),
        "preview.on": _("Hide words"),
        "preview.off": _("Show words"),
        "preview.left": _("Words are shown for {number} s more. This is recorded."),
        "preview.failed": _("The words cannot be shown."),
        "lost": _("not heard of"),
    }


def _labels(kind: str, states: type[StrEnum]) -> dict[str, str]:
    return {f"{kind}.{state}": str(label) for state, label in choices(states)}


@register.simple_tag
def dashboard_socket(request: HttpRequest) -> str:
    """Path of the WebSocket; empty where the proxy has none."""
    if "x-origin-ip" in request.headers:  # AppAPI's PHP proxy, see calls/proxies.py
        return ""
    return f"{request.META.get('SCRIPT_NAME', '')}/ws/dashboard"
