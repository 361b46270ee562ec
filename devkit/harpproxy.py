# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""HaRP's way to the app: everything passes unchanged, wrong paths are counted.

Source: nextcloud/HaRP, `haproxy_agent.py`, `haproxy.cfg.template`.
"""

import asyncio
import time
from collections import deque
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from devkit.appproxy import AppProxy
from devkit.routes import Visitor, harp_match

BLACKLIST_COUNT = 10
BLACKLIST_WINDOW_S = 300.0
NOT_FOR_BROWSERS = ("heartbeat", "init", "enabled")
OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "upgrade",
        "keep-alive",
        "transfer-encoding",
        "content-length",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
    }
)


class HarpProxy(AppProxy):
    """With WebSocket, strict about paths: ten wrong ones shut an address out."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._failures: deque[float] = deque(maxlen=BLACKLIST_COUNT)

    @property
    def failures(self) -> int:
        """Wrong or forbidden paths within the window."""
        since_s = time.monotonic() - BLACKLIST_WINDOW_S
        return sum(at_s > since_s for at_s in self._failures)

    def forgive(self) -> None:
        """Forget all failures, as time would do."""
        self._failures.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request of a browser."""
        path = request.match_info["path"]
        visitor = self._visitor(request)
        if self.failures >= BLACKLIST_COUNT:
            return _drop(request)
        if path in NOT_FOR_BROWSERS:
            self._fail()
            return _drop(request)
        route = harp_match(self._routes, path)
        if route is None or not self._leads_to_the_app(request):
            return self._fail(404)
        if not route.admits(visitor):
            return self._fail(403)
        url = f"{self._nextcloud.app_url}/{path}"
        if request.query_string:
            url += f"?{request.query_string}"
        headers = self._headers(request, visitor)
        try:
            if request.headers.get("upgrade", "").lower() == "websocket":
                return await self._socket(request, url, headers)
            return await self._forward(request, url, headers)
        except aiohttp.ClientError:
            return web.Response(status=503)

    def _fail(self, status: int = 404) -> web.Response:
        self._failures.append(time.monotonic())
        return web.Response(status=status, text="No")

    def _headers(self, request: web.Request, visitor: Visitor) -> CIMultiDict[str]:
        headers = CIMultiDict(
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in OF_THE_CONNECTION
        )
        headers.update(self._nextcloud.credentials.headers(visitor.user_id))
        headers["AA-VERSION"] = "32"
        headers.pop("AA-REQUEST-ID", None)
        return headers

    async def _forward(
        self, request: web.Request, url: str, headers: CIMultiDict[str]
    ) -> web.Response:
        body = await request.read() if request.can_read_body else None
        async with self._client.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as response:
            answer = CIMultiDict(
                (name, value)
                for name, value in response.headers.items()
                if name.lower() not in OF_THE_CONNECTION
            )
            return web.Response(
                status=response.status, headers=answer, body=await response.read()
            )

    async def _socket(
        self, request: web.Request, url: str, headers: CIMultiDict[str]
    ) -> web.StreamResponse:
        try:
            far = await self._client.ws_connect(url, headers=headers)
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status)
        near = web.WebSocketResponse()
        await near.prepare(request)
        async with far, asyncio.TaskGroup() as tasks:
            tasks.create_task(_copy(far, near))
            tasks.create_task(_copy(near, far))
        return near


async def _copy(
    source: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
    target: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
) -> None:
    """One direction, to its end; then the other one ends too."""
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await target.send_bytes(message.data)
    await target.close(code=source.close_code or 1000)


def _drop(request: web.Request) -> web.Response:
    """No answer at all."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=400)
