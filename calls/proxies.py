# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pages behind Nextcloud's two proxies: prefix, origin, redirects, cookie.

AppAPI's PHP proxy and HaRP both check the route's access level, which is ADMIN for all
that is declared in `appinfo/info.xml`, and name the user. The PHP proxy follows
redirects by itself and keeps the first header of a name only.
Source: nextcloud/app_api, `lib/Controller/ExAppProxyController.php`; nextcloud/HaRP.
"""

import html
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from calls.appapi import (
    Application,
    Headers,
    Receive,
    Scope,
    Send,
    header_values,
    refuse,
)

PAGE_PREFIXES = ("/admin/", "/static/", "/ws/")
PHP_PROXY_HEADER = b"x-origin-ip"
"Set by the PHP proxy alone. Who comes through HaRP can forge it: for links only."
REDIRECTS = frozenset({301, 302, 303, 307, 308})
DEFAULT_HEADERS = (
    # Without these the PHP proxy has pages cached, and forbids all scripts.
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'self'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; "
        b"form-action 'self'",
    ),
)
REDIRECT_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0;url={url}">
<title>Live Transcription</title>
</head>
<body><main><p><a href="{url}">Continue</a></p></main></body>
</html>
"""


class OperatorPages:
    """Around the application, within the check of AppAPI's secret.

    Sets `is_operator` in the scope: whether a Nextcloud administrator asks. Refuses
    pages to everybody else, except to passwords while DEBUG is on.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] != "http" or not is_page(scope["path"]):
            await self._application(scope, receive, send)
        else:
            await self._serve(scope, receive, _Answers(scope, send).send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket, through HaRP; all there are belong to pages."""
        if scope.get("appapi_user") is None and settings.DEBUG:
            await self._application(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is not None:
            await refuse(scope, send, *refusal)
            return
        await self._application({**scope, "is_operator": True}, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("appapi_user") is None and settings.DEBUG:
            await self._application(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is not None:
            await refuse(scope, send, *refusal)
            return
        await self._application(proxied(scope), receive, send)


def is_page(path: str) -> bool:
    """Whether a path, without any prefix, is for browsers."""
    return path == "/admin" or path.startswith(PAGE_PREFIXES)


def prefix_of(headers: Headers) -> str:
    """What stands before our paths in the browser's address bar."""
    if settings.LT_PROXY_PREFIX:
        return str(settings.LT_PROXY_PREFIX)
    folder = urlsplit(settings.LT_BACKEND_URL or settings.NEXTCLOUD_URL).path
    folder = folder.rstrip("/")
    if header_values(headers, PHP_PROXY_HEADER):
        return f"{folder}/index.php/apps/app_api/proxy/{settings.APP_ID}"
    return f"{folder}/exapps/{settings.APP_ID}"


def proxied(scope: Scope) -> Scope:
    """The scope as Django needs it: with prefix, without what its checks misread.

    Browsers say `Origin: null`, as Nextcloud's referrer policy makes them, or an https
    origin that we are not reached by; both have been looked at here.
    """
    prefix = prefix_of(scope["headers"])
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name.lower() not in (b"origin", b"referer")
    ]
    return {
        **scope,
        "headers": headers,
        "root_path": prefix,
        "path": prefix + scope["path"],
        "is_operator": True,
    }


def _refusal(scope: Scope) -> tuple[int, str] | None:
    """Status and reason if the request is not served."""
    if not scope.get("appapi_user"):
        return 403, "for Nextcloud administrators"
    if not _is_same_site(scope):
        return 403, "the request comes from another site"
    return None


def _is_same_site(scope: Scope) -> bool:
    """Whether `Origin` is absent or ours; sockets need one that is."""
    origins = header_values(scope["headers"], b"origin")
    is_socket = scope["type"] == "websocket"
    if not origins:
        return not is_socket
    if len(origins) > 1:
        return False
    origin = origins[0].decode("latin-1")
    if origin == "null":
        return not is_socket
    return origin.lower() in _own_origins(scope["headers"])


def _own_origins(headers: Headers) -> set[str]:
    found = set()
    for host in header_values(headers, b"host")[:1]:
        name = host.decode("latin-1").lower()
        found |= {f"http://{name}", f"https://{name}"}
    for url in (settings.LT_BACKEND_URL, settings.NEXTCLOUD_URL):
        parts = urlsplit(url)
        if parts.netloc:
            found.add(f"{parts.scheme}://{parts.netloc}".lower())
    return found


class _Answers:
    """What goes back: nothing kept, our own scripts only, no plain redirects."""

    def __init__(self, scope: Scope, send: Send) -> None:
        headers = scope["headers"]
        self._send = send
        self._is_php = bool(header_values(headers, PHP_PROXY_HEADER))
        self._is_secure = _is_https(headers)
        self._page = b""

    async def send(self, message: dict[str, Any]) -> None:
        """Pass on one message of the application."""
        if message["type"] == "http.response.start":
            message = self._start(message)
        elif message["type"] == "http.response.body" and self._page:
            message = {"type": "http.response.body", "body": self._page}
        await self._send(message)

    def _start(self, message: dict[str, Any]) -> dict[str, Any]:
        headers = [self._cookie(*header) for header in message["headers"]]
        known = {name.lower() for name, _ in headers}
        headers += [header for header in DEFAULT_HEADERS if header[0] not in known]
        location = header_values(headers, b"location")
        if not (self._is_php and message["status"] in REDIRECTS and location):
            return {**message, "headers": headers}
        # The PHP proxy would follow it, and the browser's address stay as it was.
        url = html.escape(location[0].decode("latin-1"))
        self._page = REDIRECT_PAGE.format(url=url).encode()
        replaced = (b"location", b"content-length", b"content-type")
        return {
            **message,
            "status": 200,
            "headers": [
                *(header for header in headers if header[0].lower() not in replaced),
                (b"content-type", b"text/html; charset=utf-8"),
                (b"content-length", str(len(self._page)).encode()),
            ],
        }

    def _cookie(self, name: bytes, value: bytes) -> tuple[bytes, bytes]:
        """`Secure` where Nextcloud is; other headers as they are."""
        if name.lower() == b"set-cookie" and self._is_secure:
            value += b"; Secure"
        return name, value


def _is_https(headers: Headers) -> bool:
    """Whether the browser talks TLS to Nextcloud, as far as anybody tells us."""
    forwarded = header_values(headers, b"x-forwarded-proto")
    public = settings.LT_BACKEND_URL or settings.NEXTCLOUD_URL
    return forwarded[:1] == [b"https"] or public.startswith("https:")
