# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""STUN and TURN servers of one call, as Talk's signaling settings name them."""

import asyncio
import logging
from contextlib import suppress

from calls import services
from signaling.config import IceServer
from signaling.webrtc.probe import answering

RENEW_S = 3600.0
"Talk's credentials last for a day, those of some other servers for hours."

logger = logging.getLogger(__name__)


class IceSettings:
    """Fetched with each connection to the HPB and each hour: TURN credentials expire.

    While Nextcloud does not answer, the last known servers serve on.
    """

    def __init__(self) -> None:
        self._servers: tuple[IceServer, ...] = ()
        self._known = asyncio.Event()
        self._stale = asyncio.Event()

    async def keep(self) -> None:
        """Fetch after each `renew`, and every hour, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_S):
                    await self._stale.wait()
            self._stale.clear()
            await self.fetch()

    def renew(self) -> None:
        """Fetch soon: we have joined, and credentials of before may be old."""
        self._stale.set()

    async def servers(self) -> tuple[IceServer, ...]:
        """The servers; waits for the first answer or failure of Nextcloud."""
        await self._known.wait()
        return self._servers

    async def fetch(self) -> None:
        """Ask Nextcloud; a failure is logged and changes nothing."""
        try:
            settings = await services.signaling_settings()
        except services.NextcloudError as error:
            logger.warning("No STUN and TURN settings from Nextcloud: %s", error)
        else:
            self._servers = await answering(
                [
                    IceServer(server.urls, server.username, server.credential)
                    for server in (*settings.stun, *settings.turn)
                ]
            )
        self._known.set()
