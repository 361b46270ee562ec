# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Ready, or the reasons why not."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.db import OperationalError
from pytest_django.fixtures import Settings

from calls import readiness, services
from calls.lifecycle import background

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _running(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs its background work, and knows Nextcloud."""
    settings.NEXTCLOUD_URL = "http://canary.example.com"
    monkeypatch.setattr(background, "_jobs", asyncio.Queue())


@pytest.fixture
async def worker() -> None:
    """Heard of just now."""
    await sync_to_async(services.register_worker)("w", "host", os.getpid())


@pytest.fixture
def silent_redis(settings: Settings) -> Iterator[None]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": {"hosts": [server.getsockname()]},
            }
        }
        channel_layers.backends.clear()
        yield
    channel_layers.backends.clear()


async def failures(nextcloud: httpx.AsyncClient) -> dict[str, str]:
    """What does not hold, with its reason."""
    response = await nextcloud.get("/ready")
    checks = response.json()["checks"]
    bad = {name: said["reason"] for name, said in checks.items() if not said["ok"]}
    assert response.json()["ready"] is not bool(bad)
    assert response.status_code == (503 if bad else 200)
    assert "canary" not in response.text
    return bad


@pytest.mark.usefixtures("worker")
async def test_ready(nextcloud: httpx.AsyncClient) -> None:
    """All of it."""
    response = await nextcloud.get("/ready")
    names = {"settings", "database", "migrations", "channel_layer", "workers"}
    names |= {"enabled", "background"}
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": {name: {"ok": True} for name in names},
    }


async def test_each_reason_names_what_to_change(
    nextcloud: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is set, runs or is enabled."""
    settings.LT_HPB_URL = settings.NEXTCLOUD_URL = ""
    background.tell(False)
    monkeypatch.setattr(background, "_jobs", None)
    bad = await failures(nextcloud)
    assert set(bad) == {"settings", "workers", "enabled", "background"}
    assert bad["settings"] == "not set: LT_HPB_URL, NEXTCLOUD_URL"
    assert "runcallworker" in bad["workers"]
    assert "app_api:app:enable" in bad["enabled"]


@pytest.mark.usefixtures("worker")
async def test_missing_tables(
    nextcloud: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that makes them is named."""
    readiness._migrated.clear()
    monkeypatch.setattr(services, "missing_migrations", lambda: 1)
    bad = await failures(nextcloud)
    assert "manage.py prepare" in bad["migrations"]


@pytest.mark.usefixtures("worker", "silent_redis")
async def test_what_hangs_is_left_alone(
    nextcloud: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is there within 2 s all the same."""
    hung = threading.Event()
    monkeypatch.setattr(services, "worker_lines", lambda: hung.wait(10) and [])
    began_s = time.monotonic()
    bad = await failures(nextcloud)
    assert time.monotonic() - began_s < 2
    assert set(bad) == {"database", "migrations", "workers", "channel_layer"}
    assert "DATABASE_URL" in bad["database"]
    assert "CHANNEL_LAYER_URL" in bad["channel_layer"]
    hung.set()
    with readiness._probing:  # its thread has ended
        pass


async def test_a_broken_database(
    nextcloud: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words may hold addresses: only their kind is told."""

    def broken() -> None:
        raise OperationalError("canary")

    monkeypatch.setattr(services, "worker_lines", broken)
    bad = await failures(nextcloud)
    assert bad["database"].startswith("OperationalError")
