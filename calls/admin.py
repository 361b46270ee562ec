# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Plain, read-mostly registration in Django's admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import services
from calls.actions import reconnect_speaker, retry_hpb, stop_calls
from calls.filters import CodeFilter, LanguageFilter, OverFilter
from calls.forms import LanguageForm, RoomSettingsForm
from calls.models import (
    Call,
    CallEvent,
    Language,
    Recipient,
    RoomSettings,
    Speaker,
    Worker,
)
from calls.paging import CallList, LongPaginator

admin.site.site_header = admin.site.site_title = "Live Transcription"
admin.site.index_title = _("Calls and settings")
admin.site.site_url = None
"There is nothing to see but the pages here."
admin.site.enable_nav_sidebar = False
"The first page leads to all lists; these need the room."


MIN_TERM = 2
"Characters; one is in nearly every name."
MAX_NAMED = 1_000
"Speakers with a name that is looked for; those who spoke last are found."
MANY = 500
"Lines of a kind on one call's page; the lists have all."


class ReadOnly:
    """Rows that only the program may write."""

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Nobody adds."""
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Nobody changes."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        """Nobody deletes."""
        return False


def _minutes(seconds: float | None) -> str:
    return f"{(seconds or 0.0) / 60:.1f}"


@admin.register(Call)
class CallAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Calls, running ones first."""

    list_display = (
        "room_token",
        "state",
        "problem",
        "recipients",
        "speakers",
        "created_at",
        "words_read",
        "speech",
        "speech_to_text",
        "language",
    )
    list_filter = (
        OverFilter,
        "state",
        LanguageFilter,
        "has_problem",
        ("created_at", admin.DateFieldListFilter),
    )
    search_fields = ("room_token",)
    paginator = LongPaginator
    show_full_result_count = False
    ordering = ("is_over", "-created_at")
    actions = (stop_calls,)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """With figures."""
        return CallList

    def get_urls(self) -> list[Any]:
        """What can be done to a call's speakers, beside the usual pages."""
        reconnect = path(
            "<int:call_id>/speakers/<int:speaker_id>/reconnect",
            self.admin_site.admin_view(reconnect_speaker),
            name="calls_call_reconnect",
        )
        return [reconnect, *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Call], search_term: str
    ) -> tuple[QuerySet[Call], bool]:
        """By room and by who spoke; no call comes twice."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if len(term) < MIN_TERM:
            text = gettext("Type at least two characters.")
            self.message_user(request, text, messages.WARNING)
            return queryset.none(), False
        named = Speaker.objects.filter(display_name__icontains=term).order_by("-pk")
        # Looked for once, while the list asks twice: how many, and which.
        spoke = set(named.values_list("call", flat=True)[:MAX_NAMED])
        return queryset.filter(
            Q(room_token__contains=term.lower()) | Q(pk__in=spoke)
        ), False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All of one call; there is nothing to fill in."""
        call = self.get_object(request, unquote(object_id))
        if call is None:
            raise Http404
        events = call.events.select_related("speaker")
        bad = events.exclude(level=CallEvent.Level.INFO)
        context = {
            **self.admin_site.each_context(request),
            "title": call.room_token,
            "opts": self.opts,
            "call": call,
            "speakers": call.speakers.order_by("created_at")[:MANY],
            "recipients": call.recipients.all()[:MANY],
            "events": events[:MANY],
            "problem": bad.first(),
        }
        return TemplateResponse(request, "admin/calls/call/page.html", context)

    @admin.display(description=_("readers"))
    def recipients(self, call: Any) -> int:
        """Who reads now."""
        return int(call.figures.recipients)

    @admin.display(description=_("speakers"))
    def speakers(self, call: Any) -> int:
        """Who is there; once the call is over, who was."""
        return int(call.figures.speakers)

    @admin.display(description=_("speech (min)"))
    def speech(self, call: Any) -> str:
        """Minutes of speech in the call."""
        return _minutes(call.figures.speech_s)

    @admin.display(description=_("speech-to-text (min)"))
    def speech_to_text(self, call: Any) -> str:
        """Minutes for which streams were open: what it costs."""
        return _minutes(call.figures.stt_s)

    @admin.display(description=_("last problem"), empty_value="–")
    def problem(self, call: Any) -> str | None:
        """What went wrong last, and when."""
        found = call.figures.problem
        if found is None:
            return None
        at = timezone.localtime(found.at).strftime("%H:%M:%S")
        return f"{at} {found.text or found.code}"


@admin.register(Recipient)
class RecipientAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Who wants captions."""

    list_display = ("call", "nextcloud_session_id", "state", "since", "until")
    list_filter = ("state",)
    list_select_related = ("call",)
    ordering = ("-since", "-id")
    sortable_by = ()
    paginator = LongPaginator
    show_full_result_count = False


@admin.register(Speaker)
class SpeakerAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Whose audio is captioned."""

    list_display = (
        "display_name",
        "call",
        "state",
        "words",
        "speech_s",
        "stt_s",
        "dropped_frames",
        "reconnects",
        "failures",
    )
    list_filter = ("state",)
    list_select_related = ("call",)
    sortable_by = ()
    paginator = LongPaginator
    show_full_result_count = False


@admin.register(CallEvent)
class CallEventAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """What happened."""

    list_display = ("at", "level", "code", "call", "speaker", "text")
    list_filter = ("level", CodeFilter)
    list_select_related = ("call", "speaker")
    sortable_by = ()
    paginator = LongPaginator
    show_full_result_count = False


@admin.register(Worker)
class WorkerAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Processes that hold calls."""

    list_display = ("name", "host", "pid", "seen_at", "speakers", "hpb_refusal")
    actions = (retry_hpb,)


@admin.register(Language)
class LanguageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What captions can be tagged with; the model's languages are given."""

    list_display = ("code", "name", "enabled", "is_default")
    form = LanguageForm
    readonly_fields = ("code", "name", "separator", "rtl")

    def save_model(
        self, request: HttpRequest, obj: Language, form: Any, change: bool
    ) -> None:
        """One default takes the place of another; Talk is told of it when it asks."""
        services.save_language(obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The model speaks what it speaks."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The model speaks what it speaks."""
        return False


@admin.register(RoomSettings)
class RoomSettingsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The language of a room."""

    form = RoomSettingsForm
    list_display = ("room_token", "language", "updated_at")
    list_filter = (LanguageFilter,)
    search_fields = ("room_token",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: RoomSettings | None = None
    ) -> tuple[str, ...]:
        """A row stays with its room."""
        return () if obj is None else ("room_token",)

    def save_model(
        self, request: HttpRequest, obj: RoomSettings, form: Any, change: bool
    ) -> None:
        """As if a moderator had chosen: a running call of the room changes at once."""
        services.set_room_language(obj.room_token, obj.language)
        obj.pk = RoomSettings.objects.get(room_token=obj.room_token).pk

    def delete_model(self, request: HttpRequest, obj: RoomSettings) -> None:
        """Back to the default, in a running call too."""
        services.set_room_language(obj.room_token, None)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[RoomSettings]
    ) -> None:
        """The same for several rooms."""
        for room in list(queryset):
            self.delete_model(request, room)
