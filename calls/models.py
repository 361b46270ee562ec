# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Rows: wishes, calls and what happened in them. Only `services` writes them."""

from django.db import models
from django.db.models import Q

from calls.states import CallState, RecipientState, SpeakerState

ROOM_TOKEN_CHARS = 64
SESSION_ID_CHARS = 255
"Nextcloud's session ids have up to 255 characters."
HPB_SESSION_ID_CHARS = 1024
"Those of the HPB are opaque; version 1.2.4 makes them 350 characters long."


def _choices(states: type) -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in states]  # type: ignore[attr-defined]


class Language(models.Model):
    """A language captions can be tagged with."""

    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=64)
    separator = models.CharField(max_length=4, default=" ", blank=True)
    rtl = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    is_default = models.BooleanField(
        default=False, help_text="Used instead of LT_DEFAULT_LANGUAGE."
    )

    class Meta:
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

    room_token = models.CharField(max_length=ROOM_TOKEN_CHARS, unique=True)
    language = models.CharField(max_length=16)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "room settings"

    def __str__(self) -> str:
        return self.room_token


class Worker(models.Model):
    """A process that holds calls; its heartbeat."""

    name = models.CharField(max_length=128, unique=True)
    host = models.CharField(max_length=128)
    pid = models.PositiveIntegerField()
    channel = models.CharField(max_length=128)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    capacity = models.PositiveIntegerField(default=0)
    speakers = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Call(models.Model):
    """One call in a room, from the first wish to the end."""

    room_token = models.CharField(max_length=ROOM_TOKEN_CHARS, db_index=True)
    state = models.CharField(
        max_length=16, choices=_choices(CallState), default=CallState.WAITING
    )
    language = models.CharField(max_length=16)
    worker = models.ForeignKey(
        Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="calls"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    "Grows with each claim: an older holder's writes are refused."
    hpb_session_id = models.CharField(max_length=HPB_SESSION_ID_CHARS, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    "Set while the app is disabled: nobody holds the call, its wishes are kept."
    created_at = models.DateTimeField(auto_now_add=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    captions = models.PositiveIntegerField(default=0)
    words_read = models.PositiveIntegerField(default=0)
    "Words of captions for which there was a reader."
    words_unread = models.PositiveIntegerField(default=0)
    "Words that came while nobody was there to read them."
    words_dropped = models.PositiveIntegerField(default=0)
    "Words, once per reader, that had to wait for the HPB for too long."
    reconnects = models.PositiveIntegerField(default=0)
    "Connections to the HPB after the first, resumed sessions included."

    class Meta:
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

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="recipients")
    nextcloud_session_id = models.CharField(max_length=SESSION_ID_CHARS)
    session_id = models.CharField(max_length=HPB_SESSION_ID_CHARS, blank=True)
    "HPB session, once seen."
    state = models.CharField(
        max_length=16, choices=_choices(RecipientState), default=RecipientState.PENDING
    )
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
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

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="speakers")
    session_id = models.CharField(max_length=HPB_SESSION_ID_CHARS)
    nextcloud_session_id = models.CharField(max_length=SESSION_ID_CHARS, blank=True)
    display_name = models.CharField(max_length=255, blank=True)
    state = models.CharField(
        max_length=16, choices=_choices(SpeakerState), default=SpeakerState.NEGOTIATING
    )
    audio_s = models.FloatField(default=0)
    speech_s = models.FloatField(default=0)
    stt_s = models.FloatField(default=0)
    words = models.PositiveIntegerField(default=0)
    lost_packets = models.PositiveIntegerField(default=0)
    reconnects = models.PositiveIntegerField(default=0)
    dropped_frames = models.PositiveIntegerField(default=0)
    streams = models.PositiveIntegerField(default=0)
    renewals = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    latency_p50_ms = models.PositiveIntegerField(null=True, blank=True)
    latency_p95_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
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

        INFO = "info"
        WARNING = "warning"
        ERROR = "error"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="events")
    speaker = models.ForeignKey(
        Speaker, null=True, blank=True, on_delete=models.SET_NULL, related_name="events"
    )
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, choices=Level.choices)
    code = models.CharField(max_length=64)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()
