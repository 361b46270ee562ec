# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Commands of `occ`, called as AppAPI calls them."""

import json
from typing import Any

import httpx
import pytest
from asgiref.sync import sync_to_async

from calls.registration import ENTRIES
from tests.calls.conftest import appapi_headers
from tests.calls.factories import CallFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def occ(anonymous: httpx.AsyncClient) -> httpx.AsyncClient:
    """`occ` has no user."""
    anonymous.headers.update(appapi_headers(user=""))
    return anonymous


def body(options: dict[str, Any] | None) -> dict[str, Any]:
    """What AppAPI sends."""
    return {"occ": {"arguments": None, "options": options}}


async def test_running_calls_for_people_and_programs(occ: httpx.AsyncClient) -> None:
    await sync_to_async(CallFactory.create)(room_token="abc123")
    response = await occ.post("/occ/calls", json=body({"json": False}))
    assert response.status_code == 200
    assert "abc123" in response.text
    assert "\x1b" not in response.text
    assert response.headers["content-type"].startswith("text/plain")
    assert int(response.headers["content-length"]) == len(response.content)
    response = await occ.post("/occ/calls", json=body({"json": True}))
    assert json.loads(response.text)[0]["room_token"] == "abc123"


async def test_past_calls(occ: httpx.AsyncClient) -> None:
    response = await occ.post("/occ/calls", json=body({"past": True}))
    assert response.text.strip() == "No call is over yet."
    response = await occ.post("/occ/calls", json=body(None))
    assert response.text.strip() == "No call is captioned now."


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"occ": 3}', b'{"occ": {"options": 1}}']
)
async def test_anything_else_is_refused(occ: httpx.AsyncClient, content: bytes) -> None:
    response = await occ.post("/occ/calls", content=content)
    assert response.status_code == 400
    assert "error" in response.json()


async def test_browsers_have_no_occ(nextcloud: httpx.AsyncClient) -> None:
    response = await nextcloud.post("/occ/calls", json=body(None))
    assert response.status_code == 403


async def test_every_registered_command_has_a_handler(occ: httpx.AsyncClient) -> None:
    commands = [entry.body for entry in ENTRIES if entry.path == "occ_command"]
    assert commands
    for command in commands:
        handler = command["execute_handler"]
        response = await occ.get(f"/{handler}")
        assert response.status_code == 405, handler  # there, and not for GET
