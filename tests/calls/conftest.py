# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The whole application, called as Nextcloud calls it."""

import base64
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pytest_django.fixtures import Settings

from calls.lifecycle import background
from livetranscription.asgi import application

SECRET = "a:secret:with:colons"


def appapi_headers(user: str = "alice", secret: str = SECRET) -> dict[str, str]:
    """Headers of a request that AppAPI forwards for somebody."""
    token = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return {
        "AA-VERSION": "32.0.0",
        "EX-APP-ID": "live_transcription",
        "EX-APP-VERSION": "1.0.0",
        "AUTHORIZATION-APP-API": token,
    }


@pytest.fixture(autouse=True)
def _configured(settings: Settings) -> Iterator[None]:
    """Everything set, the app enabled."""
    settings.APP_SECRET = SECRET
    settings.APP_ID = "live_transcription"
    settings.LT_HPB_URL = "wss://hpb.example.com"
    settings.LT_INTERNAL_SECRET = "canary-of-the-hpb"
    settings.LT_STT_URL = "wss://stt.example.com"
    background.tell(True)
    yield
    background.tell(False)


@pytest.fixture
async def anonymous() -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials."""
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        yield client


@pytest.fixture
async def nextcloud(anonymous: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client with AppAPI's headers."""
    anonymous.headers.update(appapi_headers())
    return anonymous
