# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""JSON answers; Talk and AppAPI want an object for every status."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from calls.lifecycle import background
from calls.schemas import SchemaError
from calls.services import LimitReachedError

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


def answer(body: dict[str, Any], status: int = 200) -> JsonResponse:
    """A JSON object that nobody may keep."""
    return JsonResponse(body, status=status, headers={"Cache-Control": "no-store"})


def error(text: str, status: int) -> JsonResponse:
    """`{"error": ...}`; the text never holds a secret or a URL."""
    return answer({"error": text}, status)


def api(*methods: str) -> Callable[[View], View]:
    """Methods a view takes; what it raises about its input becomes a 4xx or 503.

    The shared secret authenticates, so there is no cookie to forge a request with.
    """

    def decorate(view: View) -> View:
        """Make a view one of the API's."""

        @csrf_exempt
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            """The view, with its errors as answers."""
            if request.method not in methods:
                response = error("method not allowed", 405)
                response["Allow"] = ", ".join(methods)
                return response
            try:
                return view(request, *args, **kwargs)
            except SchemaError as problem:
                return error(str(problem), 400)
            except RequestDataTooBig:
                return error("the body is too large", 413)
            except UnreadablePostError:
                return error("the body could not be read", 400)
            except LimitReachedError as problem:
                return error(str(problem), 503)
            except (OperationalError, InterfaceError) as problem:
                logger.warning("The database does not answer: %s", problem)
                return error("the database does not answer, try again", 503)

        return wrapped

    return decorate


def while_enabled(view: View) -> View:
    """Answer 503 as long as Nextcloud has not enabled this app."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not background.enabled:
            return error("the app is not enabled", 503)
        return view(request, *args, **kwargs)

    return wrapped


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 as JSON."""
    return error("not found", 404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 as JSON."""
    return error("bad request", 400)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 as JSON; the log has the reason."""
    return error("internal error, see the log", 500)
