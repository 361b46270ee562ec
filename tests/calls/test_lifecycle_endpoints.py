# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Heartbeat, health, init, enabled: what AppAPI calls."""

import httpx
import pytest
from asgiref.sync import sync_to_async
from pytest_django.fixtures import Settings

from calls import services
from calls.lifecycle import background
from tests.calls.endpoints import TRANSCRIBE, body
from tests.calls.factories import RecipientFactory

WRONG_METHODS = (
    ("POST", "/heartbeat"),
    ("POST", "/health"),
    ("POST", "/ready"),
    ("GET", "/init"),
    ("DELETE", "/enabled"),
    ("POST", "/capabilities"),
    ("PUT", "/api/v1/languages"),
    ("GET", TRANSCRIBE),
    ("GET", "/api/v1/call/set-language"),
    ("DELETE", "/api/v1/call/leave"),
    ("POST", "/api/v1/status"),
)


@pytest.mark.parametrize(("method", "path"), WRONG_METHODS)
async def test_wrong_method(
    nextcloud: httpx.AsyncClient, method: str, path: str
) -> None:
    """405, as a JSON object."""
    response = await nextcloud.request(method, path)
    assert response.status_code == 405
    assert response.json() == {"error": "method not allowed"}
    assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/heartbeat", "/health"])
async def test_open_paths_say_nothing_but_ok(
    anonymous: httpx.AsyncClient, path: str
) -> None:
    """Exactly this body: anything else means "not ready" to AppAPI."""
    response = await anonymous.get(path)
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-length"]


async def test_health_with_credentials_tells_what_is_configured(
    nextcloud: httpx.AsyncClient, settings: Settings
) -> None:
    """Version and configuration, for operators."""
    settings.LT_INTERNAL_SECRET = ""
    answer = (await nextcloud.get("/health")).json()
    assert answer["status"] == "ok"
    assert answer["hpb_configured"] is False
    assert answer["stt_configured"] is True
    assert answer["modal_configured"] is False


async def test_init_without_a_running_server_is_an_error(
    nextcloud: httpx.AsyncClient,
) -> None:
    """Nobody would ever report progress: say so instead of hanging the install."""
    response = await nextcloud.post("/init")
    assert response.status_code == 503
    assert response.json()["error"]


@pytest.mark.django_db(transaction=True)
async def test_enabling_and_disabling(nextcloud: httpx.AsyncClient) -> None:
    """The answer's error is empty; wishes outlive a disabled app, if it is not long."""
    recipient = await sync_to_async(RecipientFactory.create)()
    call = recipient.call
    response = await nextcloud.put("/enabled?enabled=0")
    assert (response.status_code, response.json()) == (200, {"error": ""})
    assert not background.enabled
    await call.arefresh_from_db()
    assert call.suspended_at is not None
    assert await sync_to_async(services.waiting_rooms)() == []
    assert (await nextcloud.get("/enabled")).json() == {"enabled": False}
    assert (await nextcloud.put("/enabled?enabled=1")).json() == {"error": ""}
    assert (await nextcloud.get("/enabled")).json() == {"enabled": True}
    await recipient.arefresh_from_db()
    assert recipient.until is None
    assert await sync_to_async(services.waiting_rooms)() == [call.room_token]


@pytest.mark.parametrize("query", ["", "?enabled=", "?enabled=yes", "?enabled=2"])
async def test_enabled_with_a_wrong_value(
    nextcloud: httpx.AsyncClient, query: str
) -> None:
    """400, and nothing changes."""
    response = await nextcloud.put(f"/enabled{query}")
    assert response.status_code == 400
    assert background.enabled


async def test_enabled_is_false_while_something_is_missing(
    nextcloud: httpx.AsyncClient, settings: Settings
) -> None:
    """Enabled in Nextcloud, but no captions can be had."""
    settings.LT_HPB_URL = ""
    assert (await nextcloud.get("/enabled")).json() == {"enabled": False}


async def test_unknown_path_is_a_json_404(nextcloud: httpx.AsyncClient) -> None:
    """Talk reads every answer as JSON."""
    response = await nextcloud.get("/api/v1/nothing")
    assert (response.status_code, response.json()) == (404, {"error": "not found"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", TRANSCRIBE),
        ("POST", "/api/v1/call/set-language"),
        ("POST", "/api/v1/call/leave"),
        ("GET", "/api/v1/languages"),
    ],
)
async def test_talk_gets_503_while_disabled(
    nextcloud: httpx.AsyncClient, method: str, path: str
) -> None:
    """Nextcloud may send Talk's calls before it has enabled us."""
    background.tell(False)
    response = await nextcloud.request(method, path, json=body())
    assert response.status_code == 503
    assert response.json() == {"error": "the app is not enabled"}
