# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What operators can do to the calls they have chosen, each after a question."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from calls import services
from calls.models import Call, Worker


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


@admin.action(description=_("Ask the High-Performance Backend again"))
def retry_hpb(
    model_admin: Any, request: HttpRequest, workers: QuerySet[Worker]
) -> None:
    """After a refused secret no worker asks for minutes: something was mended."""
    chosen = workers.values_list("pk", flat=True)
    asked = services.retry_hpb(list(chosen), request.user.get_username())
    if asked:
        text = ngettext("%d worker asks again.", "%d workers ask again.", asked)
        model_admin.message_user(request, text % asked, messages.SUCCESS)
    else:
        text = gettext("None of these workers was refused.")
        model_admin.message_user(request, text, messages.WARNING)


@require_POST
def reconnect_speaker(
    request: HttpRequest, call_id: int, speaker_id: int
) -> HttpResponse:
    """Make a speaker's audio and stream anew, and show the call again."""
    operator = request.user.get_username()
    if services.reconnect_speaker(call_id, speaker_id, operator):
        messages.success(request, gettext("The speaker is connected again."))
    else:
        text = gettext("Nothing was done: the speaker has left, or no worker is there.")
        messages.error(request, text)
    return HttpResponseRedirect(reverse("admin:calls_call_change", args=(call_id,)))
