# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""AppAPI's header check around the whole application, for HTTP and WebSocket.

Source: nextcloud/app_api, `lib/Service/AppAPICommonService.php`.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

OPEN_PATHS = frozenset({"/heartbeat"})
OPTIONAL_PATHS = frozenset({"/health"})
"Answered without credentials too, but then with nothing but the bare status."
METRICS_PATH = "/metrics"
DEVELOPMENT_PREFIXES = ("/admin/", "/static/", "/ws/")
"Open to passwords, and to everybody, only while DEBUG is on."

Scope = dict[str, Any]
Headers = list[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class AppApiAuthentication:
    """Lets through what carries the shared secret; sets `appapi_user` in the scope.

    The user is a Nextcloud user id, "" for system calls and guests, and None where
    no credentials are needed and none were given.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        user = authenticated_user(scope["headers"])
        if user is None and not _is_open(scope):
            await refuse(scope, send, 401, "AppAPI authentication failed")
            return
        await self._application({**scope, "appapi_user": user}, receive, send)


def authenticated_user(headers: Headers) -> str | None:
    """User id of a request with valid AppAPI headers, None without or invalid.

    A header that comes twice is refused: a browser behind Nextcloud's proxy could
    add one in another spelling. `EX-APP-VERSION` may lag while updating.
    """
    app_id = _single(headers, b"ex-app-id")
    version = _single(headers, b"ex-app-version")
    authorization = _single(headers, b"authorization-app-api")
    if not (app_id and version and authorization and settings.APP_SECRET):
        return None
    try:
        decoded = base64.b64decode(authorization, validate=True)
        user, colon, secret = decoded.partition(b":")
        user_id = user.decode()
    except (binascii.Error, ValueError):
        return None
    is_ours = hmac.compare_digest(app_id, settings.APP_ID.encode())
    knows_secret = hmac.compare_digest(secret, settings.APP_SECRET.encode())
    return user_id if colon and is_ours and knows_secret else None


def header_values(headers: Headers, name: bytes) -> list[bytes]:
    """All values of a header, whatever the case of its name."""
    return [value.strip() for key, value in headers if key.lower() == name]


def _single(headers: Headers, name: bytes) -> bytes:
    values = header_values(headers, name)
    return values[0] if len(values) == 1 else b""


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    if settings.DEBUG and path.startswith(DEVELOPMENT_PREFIXES):
        return True
    if scope["type"] != "http":
        return False
    if path == METRICS_PATH:
        return _has_metrics_token(scope["headers"])
    return path in OPEN_PATHS | OPTIONAL_PATHS


def _has_metrics_token(headers: Headers) -> bool:
    """Whether Prometheus has sent the token that the operator gave it, if any."""
    scheme, _, token = _single(headers, b"authorization").partition(b" ")
    expected = settings.LT_METRICS_TOKEN.encode()
    is_right = hmac.compare_digest(token.strip(), expected)
    return bool(expected) and scheme.lower() == b"bearer" and is_right


async def refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    """`{"error": text}`, or the end of a WebSocket with code 4000 + `status`."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4000 + status})
        return
    body = json.dumps({"error": text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
