# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the self-test says about the app's own house."""

from datetime import timedelta
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from calls import services
from calls.models import Worker
from devkit.program import HOST, free_ports
from signaling.doctor.catalogue import CHECKS, subject
from signaling.doctor.result import Level
from signaling.doctor.run import chosen, run
from tests.signaling.doctor.conftest import Examine

pytestmark = pytest.mark.django_db(transaction=True)


async def test_database(examine: Examine) -> None:
    """Nothing of the trial is left."""
    found = (await examine("database"))["database"]
    assert found.level is Level.OK
    assert not await Worker.objects.acount()


async def test_database_read_only(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connections["default"].settings_dict["OPTIONS"]
    command = options["init_command"] + "PRAGMA query_only=ON;"
    monkeypatch.setitem(options, "init_command", command)
    await sync_to_async(connections.close_all)()
    try:
        found = await examine("workers")
    finally:
        await sync_to_async(connections.close_all)()
    assert found["database"].level is Level.FAILURE
    assert "readonly" in found["database"].seen
    assert "APP_PERSISTENT_STORAGE" in found["database"].change
    assert found["workers"].level is Level.SKIPPED


async def test_database_of_an_older_version(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migration_plan",
        lambda executor, targets: [1, 2],
    )
    found = (await examine("database"))["database"]
    assert "lacks 2 migrations" in found.seen
    assert "prepare" in found.change


async def test_no_worker(examine: Examine) -> None:
    """Beside the server a warning; within it nothing can work."""
    found = (await examine("workers"))["workers"]
    assert found.level is Level.WARNING
    assert "manage.py serve" in found.change
    *_, found = await run(chosen(CHECKS, ["workers"]), subject(in_server=True))
    assert found.level is Level.FAILURE
    assert "runcallworker" in found.change


async def test_workers(examine: Examine) -> None:
    await sync_to_async(services.register_worker)("quick", "host", 1)
    await sync_to_async(services.register_worker)("dead", "host", 2)
    long_ago = timezone.now() - timedelta(minutes=5)
    await Worker.objects.filter(name="dead").aupdate(seen_at=long_ago)
    found = (await examine("workers"))["workers"]
    assert found.seen == "1 alive: quick."
    assert [state for _, state, _ in found.details] == [
        "silent, seen 300 s ago",
        "alive, seen 0 s ago",
    ]
    await Worker.objects.filter(name="quick").adelete()
    found = (await examine("workers"))["workers"]
    assert "The last was seen 300 s ago" in found.seen


async def test_disk_full(examine: Examine) -> None:
    found = (await examine("disk"))["disk"]
    assert found.level is Level.OK
    found = (await examine("disk", disk_warning_bytes=2**60))["disk"]
    assert found.level is Level.WARNING
    found = (await examine("disk", disk_failure_bytes=2**60))["disk"]
    assert found.level is Level.FAILURE
    assert "APP_PERSISTENT_STORAGE" in found.change


async def test_no_storage(examine: Examine, settings: Settings, tmp_path: Path) -> None:
    settings.APP_PERSISTENT_STORAGE = tmp_path / "missing"
    found = (await examine("disk"))["disk"]
    assert found.level is Level.FAILURE
    assert "APP_PERSISTENT_STORAGE" in found.change


async def test_channel_layer_away(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (await examine("channel-layer"))["channel-layer"]
    assert found.level is Level.OK
    url = f"redis://:canary-of-redis@{HOST}:{free_ports(1)[0]}"
    layers = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [url]},
        }
    }
    monkeypatch.setattr(type(channel_layers), "configs", layers)
    monkeypatch.setattr(channel_layers, "backends", {})
    found = (await examine("channel-layer"))["channel-layer"]
    assert found.level is Level.FAILURE
    assert "CHANNEL_LAYER_URL" in found.change
    assert "canary" not in str(found)
