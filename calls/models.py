# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Rows: wishes, calls and what happened in them. Only `services` writes them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.labels import choices
from calls.states import CallState, RecipientState, SpeakerState

ROOM_TOKEN_CHARS = 64
SESSION_ID_CHARS = 255
"Nextcloud's session ids have up to 255 characters."
HPB_SESSION_ID_CHARS = 1024
"Those of the HPB are opaque; version 1.2.4 makes them 350 characters long."


class Language(models.Model):
    """A language captions can be tagged with."""

    code = models.CharField(_("code"), max_length=16, unique=True)
    name = models.CharField(_("name"), max_length=64)
    separator = models.CharField(
        _("between words"), max_length=4, default=" ", blank=True
    )
    rtl = models.BooleanField(_("right to left"), default=False)
    enabled = models.BooleanField(_("enabled"), default=True)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Used instead of LT_DEFAULT_LANGUAGE.")
    )

    class Meta:
        verbose_name = _("language")
        verbose_name_plural = _("languages")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="one_default_language",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RoomSettings(models.Model):
    """What a moderator chose for a room."""

    room_token = models.CharField(_("room"), max_length=ROOM_TOKEN_CHARS, unique=True)
    language = models.CharField(_("language"), max_length=16)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def __str__(self) -> str:
        return self.room_token


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

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["room_token"],
                condition=Q(ended_at=None),
                name="one_open_call_per_room",
            )
        ]

    def __str__(self) -> str:
        return f"{self.room_token} ({self.state})"


class Recipient(models.Model):
    """Somebody who wants captions of a call; survives restarts."""

    call = models.ForeignKey(
        Call,
        verbose_name=_("call"),
        on_delete=models.CASCADE,
        related_name="recipients",
    )
    nextcloud_session_id = models.CharField(
        _("Nextcloud session"), max_length=SESSION_ID_CHARS
    )
    session_id = models.CharField(
        _("HPB session"), max_length=HPB_SESSION_ID_CHARS, blank=True
    )
    "HPB session, once seen."
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=choices(RecipientState),
        default=RecipientState.PENDING,
    )
    since = models.DateTimeField(
        _("since"),
    )
    until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("reader")
        verbose_name_plural = _("readers")
        ordering = ["since", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "nextcloud_session_id"],
                condition=Q(until=None),
                name="one_wish_per_session",
            )
        ]

    def __str__(self) -> str:
        return f"{self.nextcloud_session_id[:12]} ({self.state})"


class Speaker(models.Model):
    """A publisher whose audio is captioned, with counters."""

    call = models.ForeignKey(
        Call, verbose_name=_("call"), on_delete=models.CASCADE, related_name="speakers"
    )
    session_id = models.CharField(_("HPB session"), max_length=HPB_SESSION_ID_CHARS)
    nextcloud_session_id = models.CharField(
        _("Nextcloud session"), max_length=SESSION_ID_CHARS, blank=True
    )
    display_name = models.CharField(_("name"), max_length=255, blank=True)
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=choices(SpeakerState),
        default=SpeakerState.NEGOTIATING,
    )
    audio_s = models.FloatField(_("audio (s)"), default=0)
    speech_s = models.FloatField(_("speech (s)"), default=0)
    stt_s = models.FloatField(_("speech-to-text (s)"), default=0)
    words = models.PositiveIntegerField(_("words"), default=0)
    lost_packets = models.PositiveIntegerField(_("lost packets"), default=0)
    reconnects = models.PositiveIntegerField(_("reconnects"), default=0)
    dropped_frames = models.PositiveIntegerField(_("dropped frames"), default=0)
    streams = models.PositiveIntegerField(_("streams"), default=0)
    renewals = models.PositiveIntegerField(_("renewals"), default=0)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    latency_p50_ms = models.PositiveIntegerField(
        _("delay, median (ms)"), null=True, blank=True
    )
    latency_p95_ms = models.PositiveIntegerField(
        _("delay, 95 % (ms)"), null=True, blank=True
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("speaker")
        verbose_name_plural = _("speakers")
        constraints = [
            models.UniqueConstraint(
                fields=["call", "session_id"], name="one_row_per_speaker"
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.session_id[:12]


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
        Speaker,
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

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()
