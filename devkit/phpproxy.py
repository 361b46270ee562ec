# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""AppAPI's own proxy, written in PHP, with what it does to requests and answers.

Source: nextcloud/app_api, `lib/Controller/ExAppProxyController.php`, `ProxyResponse.php`.
"""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode, urljoin

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from devkit.appproxy import AppProxy
from devkit.routes import Route, Visitor, php_match

VERBS = ("GET", "POST", "PUT", "DELETE")
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
NEXTCLOUD_POLICY = "default-src 'none'; frame-ancestors 'none'"
CHUNK_BYTES = 8192


class PhpProxy(AppProxy):
    """Follows redirects itself, keeps the first header of a name, has no WebSocket."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request of a browser."""
        path = request.match_info["path"]
        visitor = self._visitor(request)
        if request.method not in VERBS:
            return web.Response(status=405)
        route = php_match(self._routes, request.method, path)
        if (
            route is None
            or not route.admits(visitor)
            or not self._leads_to_the_app(request)
        ):
            return web.Response(status=404, text="Not found")
        headers = self._headers(request, route, visitor)
        try:
            return await self._forward(request, path, headers)
        except aiohttp.ClientError:
            return web.Response(status=500)

    def _headers(
        self, request: web.Request, route: Route, visitor: Visitor
    ) -> CIMultiDict[str]:
        dropped = {"content-length", "authorization-app-api", "x-origin-ip"}
        dropped |= {name.lower() for name in route.headers_to_exclude}
        # What belongs to this connection; curl decides on its own.
        dropped |= {"connection", "transfer-encoding", "upgrade"}
        headers = CIMultiDict(
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in dropped
        )
        headers.update(self._nextcloud.credentials.headers(visitor.user_id))
        headers["x-origin-ip"] = request.remote or ""
        return headers

    async def _forward(
        self, request: web.Request, path: str, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        """As PHP sees the query, with a chunked body, following redirects."""
        query = urlencode(_php_query(request.query_string))
        url = f"{self._nextcloud.app_url}/{path}" + (f"?{query}" if query else "")
        method = request.method
        body = None if method == "GET" else _chunks(await request.read())
        for _ in range(MAX_REDIRECTS + 1):
            async with self._client.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                location = response.headers.get("location")
                if response.status not in REDIRECTS or location is None:
                    return _answer(path, response, await response.read())
                if response.status in (301, 302, 303):
                    method, body = "GET", None
                url = urljoin(url, location)
        return web.Response(status=500)


def _php_query(query: str) -> dict[str, str]:
    """`$_GET`: the last of each name, with dots and spaces as underscores."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return {name.replace(".", "_").replace(" ", "_"): value for name, value in pairs}


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    """A body without a length."""
    for start in range(0, len(body), CHUNK_BYTES):
        yield body[start : start + CHUNK_BYTES]


def _answer(path: str, response: aiohttp.ClientResponse, body: bytes) -> web.Response:
    """What the browser gets: the first of each header, Nextcloud's policies."""
    headers: CIMultiDict[str] = CIMultiDict()
    for raw, value in response.raw_headers:
        name = raw.decode("latin-1")
        # Dropped only in this very spelling; in another it would lie to the browser.
        if name not in headers and name != "Transfer-Encoding":
            headers[name] = value.decode("latin-1")
    if response.headers.get("transfer-encoding"):
        return web.Response(status=502, text="the app streams, which the proxy breaks")
    is_json = response.headers.get("content-type") == "application/json"
    if "cache-control" not in headers and not is_json and not path.endswith(".html"):
        headers["Cache-Control"] = "private, max-age=3600"
    headers.setdefault("Content-Security-Policy", NEXTCLOUD_POLICY)
    headers["Referrer-Policy"] = "no-referrer"
    headers.pop("Content-Length", None)
    headers.pop("Connection", None)
    return web.Response(status=response.status, headers=headers, body=body)
