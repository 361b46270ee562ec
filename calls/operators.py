# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who a request of the pages is by, and what browsers may do with the answer."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.staticfiles.storage import (
    ManifestStaticFilesStorage,
    StaticFilesStorage,
)
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix

GetResponse = Callable[[HttpRequest], HttpResponse]
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'self'; base-uri 'self'; "
    "form-action 'self'"
)


class OperatorMiddleware:
    """A Nextcloud administrator who comes through a proxy is a staff user.

    The row is made at the first visit: Django's history of changes refers to it. It
    has no password, so that it opens nothing by itself.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Name the operator, then go on."""
        scope = getattr(request, "scope", {})
        if scope.get("is_operator"):
            request.user = operator(scope["appapi_user"])
        return self._get_response(request)


def operator(user_id: str) -> Any:
    """The staff user of a Nextcloud administrator."""
    user, made = get_user_model().objects.get_or_create(
        username=user_id, defaults={"is_staff": True, "is_superuser": True}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


class PageHeaders:
    """Headers without which Nextcloud's proxies cache pages or break their scripts."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add what the view has not set."""
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response


class PrefixedStatic(StaticFilesStorage):
    """Static files below the prefix of the proxy that this request came through."""

    def url(self, name: str | None) -> str:
        """Address for the browser; `STATIC_URL` by itself knows no prefix."""
        return get_script_prefix().rstrip("/") + super().url(name)


class HashedStatic(ManifestStaticFilesStorage):
    """The same with a hash of the content in each name, to be kept for ever."""

    support_js_module_import_aggregation = True

    def url(self, name: str | None, force: bool = False) -> str:
        """Address for the browser; `STATIC_URL` by itself knows no prefix."""
        return get_script_prefix().rstrip("/") + super().url(name or "", force)
