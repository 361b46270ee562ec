# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What operators and moderators choose: languages, and those of rooms."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.models.sizes import ROOM_TOKEN_CHARS


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
