# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who gets in, at every endpoint."""

import httpx
import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django.fixtures import Settings

from livetranscription.asgi import application
from tests.calls.conftest import appapi_headers
from tests.calls.endpoints import PROTECTED, REFUSED, Headers


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_refused_headers(
    anonymous: httpx.AsyncClient, method: str, path: str, headers: Headers
) -> None:
    """401 and a JSON object, whatever is wrong, before anything else happens."""
    response = await anonymous.request(method, path, headers=headers)
    assert response.status_code == 401
    assert response.json() == {"error": "AppAPI authentication failed"}
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_unset_secret_refuses_everything(
    anonymous: httpx.AsyncClient, settings: Settings, method: str, path: str
) -> None:
    """An app that was not installed by AppAPI answers nobody."""
    settings.APP_SECRET = ""
    headers = appapi_headers(secret="")
    response = await anonymous.request(method, path, headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize("user", ["", "alice", "Ünï cødé"])
async def test_secret_lets_every_user_through(
    anonymous: httpx.AsyncClient, user: str
) -> None:
    """Guests and system calls have no user; secrets may hold colons."""
    response = await anonymous.get("/capabilities", headers=appapi_headers(user))
    assert response.status_code == 200


async def test_lagging_version_is_fine(anonymous: httpx.AsyncClient) -> None:
    """While updating, Nextcloud's record is behind."""
    headers = appapi_headers() | {"EX-APP-VERSION": "0.0.1"}
    response = await anonymous.get("/capabilities", headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(("debug", "status"), [(True, 302), (False, 401)])
async def test_admin_is_open_to_passwords_in_development_only(
    anonymous: httpx.AsyncClient, settings: Settings, debug: bool, status: int
) -> None:
    """DEBUG leads to the login form; otherwise nobody gets as far."""
    settings.DEBUG = debug
    assert (await anonymous.get("/admin/")).status_code == status
    assert (await anonymous.get("/enabled")).status_code == 401


async def test_websocket_without_credentials_is_closed_unaccepted() -> None:
    """The dashboard's socket stands behind the same check."""
    scope = {"type": "websocket", "path": "/ws/dashboard", "headers": []}
    communicator = ApplicationCommunicator(application, scope)
    message = await communicator.receive_output()
    assert message["type"] == "websocket.close"
