# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Whether enough is configured to caption a call."""

from django.conf import settings

HPB_SETTINGS = ("LT_HPB_URL", "LT_INTERNAL_SECRET")
MODAL_SETTINGS = ("MODAL_WORKSPACE", "MODAL_KEY", "MODAL_SECRET")


def missing_settings() -> list[str]:
    """Names of settings without which no call can be captioned."""
    return [*_unset(HPB_SETTINGS), *missing_stt_settings()]


def hpb_is_configured() -> bool:
    """Whether the HPB can be reached and spoken to."""
    return not _unset(HPB_SETTINGS)


def modal_is_configured() -> bool:
    """Whether Modal can be used."""
    return not _unset(MODAL_SETTINGS)


def missing_stt_settings() -> list[str]:
    """Modal's settings, unless another endpoint is given."""
    return [] if settings.LT_STT_URL else _unset(MODAL_SETTINGS)


def _unset(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not getattr(settings, name)]
