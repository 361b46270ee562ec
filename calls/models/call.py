# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Calls, who holds them, and what happened in them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.labels import choices
from calls.models.sizes import HPB_SESSION_ID_CHARS, ROOM_TOKEN_CHARS
from calls.states import CallState


class Worker(models.Model):
    """A process that holds calls; its heartbeat."""

    name = models.CharField(_("name"), max_length=128, unique=True)
    host = models.CharField(_("host"), max_length=128)
    pid = models.PositiveIntegerField(
        _("process"),
    )
    channel = models.CharField(_("channel"), max_length=128)
    started_at = models.DateTimeField(
        _("since"),
    )
    seen_at = models.DateTimeField(
        _("seen"),
    )
    capacity = models.PositiveIntegerField(_("capacity"), default=0)
    speakers = models.PositiveIntegerField(_("speakers"), default=0)
    hpb_refusal = models.CharField(_("refused by the HPB"), max_length=500, blank=True)
    "Why it does not ask the HPB for some minutes; empty if it may."

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")

    def __str__(self) -> str:
        return self.name


class Call(models.Model):
    """One call in a room, from the first wish to the end."""

    room_token = models.CharField(_("room"), max_length=ROOM_TOKEN_CHARS, db_index=True)
    state = models.CharField(
        _("state"), max_length=16, choices=choices(CallState), default=CallState.WAITING
    )
    language = models.CharField(_("language"), max_length=16)
    worker = models.ForeignKey(
        Worker,
        verbose_name=_("worker"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="calls",
    )
    lease_until = models.DateTimeField(_("lease"), null=True, blank=True)
    fence = models.PositiveIntegerField(_("fence"), default=0)
    "Grows with each claim: an older holder's writes are refused."
    hpb_session_id = models.CharField(
        _("HPB session"), max_length=HPB_SESSION_ID_CHARS, blank=True
    )
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True)
    "Set while the app is disabled: nobody holds the call, its wishes are kept."
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    joined_at = models.DateTimeField(_("joined"), null=True, blank=True)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    end_reason = models.CharField(_("end"), max_length=500, blank=True)
    captions = models.PositiveIntegerField(_("captions"), default=0)
    words_read = models.PositiveIntegerField(_("words read"), default=0)
    "Words of captions for which there was a reader."
    words_unread = models.PositiveIntegerField(_("words without a reader"), default=0)
    "Words that came while nobody was there to read them."
    words_dropped = models.PositiveIntegerField(_("words too late"), default=0)
    "Words, once per reader, that had to wait for the HPB for too long."
    reconnects = models.PositiveIntegerField(_("reconnects"), default=0)
    "Connections to the HPB after the first, resumed sessions included."

    has_problem = models.BooleanField(_("problem"), default=False)
    "Whether a line of the timeline is no mere information."
    is_over = models.GeneratedField(
        expression=models.Case(
            models.When(ended_at=None, then=models.Value(False)),
            default=models.Value(True),
        ),
        output_field=models.BooleanField(_("over")),
        db_persist=True,
    )
    "In the index of the list, which begins with what runs."

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["is_over", "-created_at", "-id"], name="calls_in_order"
            ),
            models.Index(
                fields=["state", "is_over", "-created_at", "-id"], name="calls_by_state"
            ),
            models.Index(
                fields=["has_problem", "is_over", "-created_at", "-id"],
                name="calls_by_problem",
            ),
            models.Index(fields=["-created_at"], name="calls_by_begin"),
            models.Index(fields=["-ended_at"], name="calls_by_end"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["room_token"],
                condition=Q(ended_at=None),
                name="one_open_call_per_room",
            )
        ]

    def __str__(self) -> str:
        return f"{self.room_token} ({self.state})"


class CallEvent(models.Model):
    """A line of the timeline an operator reads. Never a spoken word."""

    class Level(models.TextChoices):
        """How bad it is."""

        INFO = "info", _("info")
        WARNING = "warning", _("warning")
        ERROR = "error", _("error")

    call = models.ForeignKey(
        Call, verbose_name=_("call"), on_delete=models.CASCADE, related_name="events"
    )
    speaker = models.ForeignKey(
        "calls.Speaker",
        verbose_name=_("speaker"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="events",
    )
    at = models.DateTimeField(_("when"), auto_now_add=True)
    level = models.CharField(_("level"), max_length=8, choices=Level.choices)
    code = models.CharField(_("event"), max_length=64)
    text = models.CharField(_("text"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="events_in_order"),
            models.Index(fields=["level", "-at", "-id"], name="events_by_level"),
            models.Index(fields=["code", "-at", "-id"], name="events_by_code"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()
