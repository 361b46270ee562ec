# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""All checks, in the order in which an operator should read their results."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_noop as _

from signaling.config import hpb_config, stt_config
from signaling.doctor import (
    checks_house,
    checks_hpb,
    checks_media,
    checks_nextcloud,
    checks_settings,
    checks_stt,
)
from signaling.doctor.check import Check, Limits, Subject
from signaling.hpb.guard import process_guard

CHECKS = (
    Check("settings", _("Settings"), checks_settings.check_settings),
    Check("nextcloud", _("Nextcloud"), checks_nextcloud.check_nextcloud),
    Check("appapi", _("AppAPI"), checks_nextcloud.check_appapi, needs=("nextcloud",)),
    Check(
        "versions", _("Versions"), checks_nextcloud.check_versions, needs=("appapi",)
    ),
    Check(
        "talk",
        _("Talk's settings"),
        checks_nextcloud.check_talk,
        needs=("appapi",),
        after=("versions",),
    ),
    Check("hpb", _("HPB"), checks_hpb.check_hpb),
    Check(
        "clocks",
        _("Clocks"),
        checks_nextcloud.check_clocks,
        after=("nextcloud", "hpb"),
    ),
    Check(
        "secret",
        _("HPB: secret"),
        checks_hpb.check_secret,
        needs=("hpb",),
        after=("appapi",),
        timeout_s=30.0,
    ),
    Check(
        "backend", _("HPB: this Nextcloud"), checks_hpb.check_backend, needs=("secret",)
    ),
    Check(
        "media-server",
        _("HPB: media server"),
        checks_hpb.check_media_server,
        needs=("backend",),
    ),
    Check("turn", _("STUN and TURN"), checks_media.check_turn, needs=("talk",)),
    Check(
        "media",
        _("Audio there and back"),
        checks_media.check_media,
        needs=("media-server",),
        after=("turn",),
        timeout_s=30.0,
    ),
    Check("stt", _("Speech-to-text"), checks_stt.check_stt, timeout_s=None),
    Check(
        "speech",
        _("A spoken sentence"),
        checks_stt.check_speech,
        needs=("stt",),
        timeout_s=30.0,
    ),
    Check("database", _("Database"), checks_house.check_database),
    Check("channel-layer", _("Channel layer"), checks_house.check_channel_layer),
    Check("workers", _("Workers"), checks_house.check_workers, needs=("database",)),
    Check("disk", _("Disk"), checks_house.check_disk),
)
NAMES = tuple(check.name for check in CHECKS)


def subject(
    *,
    in_server: bool = False,
    limits: Limits | None = None,
    tell: Callable[[str], None] = lambda what: None,
) -> Subject:
    """What the settings of this process describe."""
    return Subject(
        hpb_url=settings.LT_HPB_URL,
        hpb=hpb_config(()),
        stt=stt_config(),
        storage=Path(settings.APP_PERSISTENT_STORAGE),
        in_server=in_server,
        limits=limits or Limits(),
        guard=process_guard,
        tell=tell,
    )
