# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who a request of the pages is by: a Nextcloud administrator is a staff user.

And in which language: that of the browser. What programs ask for stays English.
"""

from inspect import iscoroutinefunction
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject
from django.utils.translation import activate, get_language_from_request

from calls.proxies import is_page


@sync_and_async_middleware
def operator_middleware(get_response: Any) -> Any:
    """Name the operator whom `OperatorPages` has let in, and choose the page's language.

    In either mode, so that requests of Talk do not change threads for it.
    """
    if iscoroutinefunction(get_response):

        async def ahandle(request: HttpRequest) -> Any:
            """The request of an asynchronous server."""
            _choose_language(request)
            _name_operator(request)
            return await get_response(request)

        return ahandle

    def handle(request: HttpRequest) -> Any:
        """The request of a synchronous server."""
        _choose_language(request)
        _name_operator(request)
        return get_response(request)

    return handle


def _choose_language(request: HttpRequest) -> None:
    if is_page(request.path_info):
        activate(get_language_from_request(request))


def _name_operator(request: HttpRequest) -> None:
    """Once somebody asks for the user: most requests are not of pages."""
    scope = getattr(request, "scope", {})
    if scope.get("is_operator"):
        user_id = scope["appapi_user"]
        user: Any = SimpleLazyObject(lambda: operator(user_id))
        request.user = user


def operator(user_id: str) -> Any:
    """The staff user of a Nextcloud administrator.

    The row is made at the first visit: Django's history of changes refers to it. It
    has no password, so that it opens nothing by itself.
    """
    user, made = get_user_model().objects.get_or_create(
        username=user_id, defaults={"is_staff": True, "is_superuser": True}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
