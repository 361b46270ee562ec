# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What Nextcloud's two proxies to the app have in common."""

from collections.abc import Callable

import aiohttp
from aiohttp import web

from devkit.nextcloud import NextcloudStandIn
from devkit.routes import Route, Visitor

TIMEOUT_S = 30.0


class AppProxy:
    """Knows the app, its routes and who is logged in."""

    def __init__(
        self,
        nextcloud: NextcloudStandIn,
        routes: list[Route],
        visitor: Callable[[web.Request], Visitor],
    ) -> None:
        self._nextcloud = nextcloud
        self._routes = routes
        self._visitor = visitor

    async def open(self) -> None:
        """Before the first request."""
        self._client = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )

    async def close(self) -> None:
        """After the last request."""
        await self._client.close()

    def _leads_to_the_app(self, request: web.Request) -> bool:
        """Whether the app is enabled and the path is one that may be looked up."""
        return (
            self._nextcloud.enabled
            and request.match_info["app"] == self._nextcloud.credentials.app_id
            and ".." not in request.match_info["path"].split("/")
        )
