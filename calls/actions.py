# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What operators can do to the calls they have chosen, each after a question."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from calls import services
from calls.models import Call


@admin.action(description=_("Stop the captions of selected calls"))
def stop_calls(
    model_admin: Any, request: HttpRequest, calls: QuerySet[Call]
) -> HttpResponse | None:
    """Ask first, then end those of the calls that run, for all their readers."""
    running = calls.filter(ended_at=None)
    if "confirmed" not in request.POST:
        context = {
            **model_admin.admin_site.each_context(request),
            "title": _("Stop captions?"),
            "calls": running,
            "opts": model_admin.model._meta,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/calls/call/stop.html", context)
    operator = request.user.get_username()
    stopped = sum(services.stop_call(call.pk, operator) for call in running)
    text = ngettext("%d call was stopped.", "%d calls were stopped.", stopped)
    model_admin.message_user(request, text % stopped, messages.SUCCESS)
    return None
