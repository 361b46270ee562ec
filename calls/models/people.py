# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who reads captions of a call, and whose audio is captioned."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.labels import choices
from calls.models.call import Call
from calls.models.sizes import HPB_SESSION_ID_CHARS, SESSION_ID_CHARS
from calls.states import RecipientState, SpeakerState


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
        indexes = [
            models.Index(fields=["-since", "-id"], name="readers_in_order"),
            models.Index(fields=["state", "-since", "-id"], name="readers_by_state"),
        ]
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
        indexes = [
            models.Index(fields=["state", "-id"], name="speakers_by_state"),
            models.Index(fields=["display_name", "call"], name="speakers_by_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["call", "session_id"], name="one_row_per_speaker"
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.session_id[:12]
