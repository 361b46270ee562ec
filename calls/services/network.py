# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What workers ask and tell Nextcloud."""

from django.conf import settings

from calls.nextcloud import Nextcloud, NextcloudError, SignalingSettings
from calls.nextcloudlog import nextcloud_log


async def signaling_settings() -> SignalingSettings:
    """STUN and TURN servers as Talk has them now; raises `NextcloudError`."""
    return await Nextcloud.from_settings().signaling_settings()


async def backend_urls() -> tuple[str, ...]:
    """URLs under which the HPB may know this Nextcloud, best guess first."""
    if settings.LT_BACKEND_URL:
        return (settings.LT_BACKEND_URL,)
    try:
        public = await Nextcloud.from_settings().public_url()
    except NextcloudError:
        return (settings.NEXTCLOUD_URL,)
    return tuple(dict.fromkeys((public, settings.NEXTCLOUD_URL)))


async def tell_nextcloud_log() -> None:
    """Carry warnings and errors to Nextcloud's log, until cancelled."""
    await nextcloud_log.run()
