# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""STUN and TURN servers of one call, as Talk's signaling settings name them."""

import asyncio
import logging

from calls import services
from signaling.config import IceServer

logger = logging.getLogger(__name__)


class IceSettings:
    """Fetched once per connection to the HPB, because TURN credentials expire.

    While Nextcloud does not answer, the last known servers serve on.
    """

    def __init__(self) -> None:
        self._servers: tuple[IceServer, ...] = ()
        self._known = asyncio.Event()

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
            self._servers = tuple(
                IceServer(server.urls, server.username, server.credential)
                for server in (*settings.stun, *settings.turn)
            )
        self._known.set()
