# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`/metrics`: who may read it, what is in it, and that docs speak of what there is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from calls import services
from calls.models import Worker
from calls.states import CallState, RecipientState, SpeakerState
from calls.views.metrics import RowsCollector
from livetranscription import metrics
from tests.calls.conftest import appapi_headers
from tests.calls.factories import (
    CallFactory,
    RecipientFactory,
    SpeakerFactory,
    WorkerFactory,
)

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"live_transcription_\w+")
TOKEN = "token-of-prometheus"

pytestmark = pytest.mark.django_db(transaction=True)


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Values by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    """As Prometheus does."""
    return await client.get("/metrics", headers=headers)


async def test_only_with_the_token(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    settings.LT_METRICS_TOKEN = TOKEN
    assert (await scrape(anonymous)).status_code == 401
    wrong = await scrape(anonymous, Authorization=f"Bearer {TOKEN}x")
    assert wrong.status_code == 401
    basic = await scrape(anonymous, Authorization=f"Basic {TOKEN}")
    assert basic.status_code == 401
    right = await scrape(anonymous, Authorization=f"Bearer {TOKEN}")
    assert right.status_code == 200
    assert right.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert right.headers["cache-control"] == "no-store"
    elsewhere = await anonymous.get(
        "/admin/", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert elsewhere.status_code == 401


async def test_no_token_opens_nothing(
    anonymous: httpx.AsyncClient, settings: Settings
) -> None:
    settings.LT_METRICS_TOKEN = ""
    for value in ("Bearer", "Bearer ", ""):
        assert (await scrape(anonymous, Authorization=value)).status_code == 401


async def test_with_the_shared_secret_but_not_for_users(
    anonymous: httpx.AsyncClient,
) -> None:
    assert (await scrape(anonymous, **appapi_headers(""))).status_code == 200
    assert (await scrape(anonymous, **appapi_headers("admin"))).status_code == 403


async def test_rows_are_counted_by_state(nextcloud: httpx.AsyncClient) -> None:
    await sync_to_async(make_rows)()
    text = (await scrape(nextcloud, **appapi_headers(""))).text
    found = samples(text)
    prefix = "live_transcription_"
    assert found[f"{prefix}calls", (("state", "joined"),)] == 1
    assert found[f"{prefix}calls", (("state", "waiting"),)] == 0
    assert found[f"{prefix}speakers", (("state", "listening"),)] == 1
    assert found[f"{prefix}recipients", (("state", "bound"),)] == 1
    assert found[f"{prefix}workers", ()] == 1
    assert found[f"{prefix}database_up", ()] == 1
    assert "room-of-nobody" not in text
    assert "Ann" not in text


def make_rows() -> None:
    """A call that runs, and one that is over."""
    for ended_at in (None, timezone.now()):
        state = CallState.JOINED if ended_at is None else CallState.ENDED
        call = CallFactory.create(
            room_token="room-of-nobody", state=state, ended_at=ended_at
        )
        SpeakerFactory.create(
            call=call, display_name="Ann", state=SpeakerState.LISTENING
        )
        RecipientFactory.create(call=call, state=RecipientState.BOUND)
    Worker.objects.all().delete()
    WorkerFactory.create()


async def test_without_a_database_it_says_so(
    nextcloud: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Any:
        raise OperationalError

    monkeypatch.setattr(services, "standing", fail)
    response = await scrape(nextcloud, **appapi_headers(""))
    assert response.status_code == 200
    found = samples(response.text)
    assert found["live_transcription_database_up", ()] == 0
    assert ("live_transcription_workers", ()) not in found


async def test_answers_are_timed_by_route(nextcloud: httpx.AsyncClient) -> None:
    await nextcloud.get("/capabilities")
    await nextcloud.get("/nowhere/secret-room")
    await nextcloud.request("BREW", "/capabilities")
    text = (await scrape(nextcloud, **appapi_headers(""))).text
    found = samples(text)
    name = "live_transcription_request_seconds_count"
    labels = (("method", "GET"), ("route", "/capabilities"), ("status", "200"))
    assert found[name, labels] >= 1
    labels = (("method", "GET"), ("route", "unknown"), ("status", "404"))
    assert found[name, labels] >= 1
    labels = (("method", "other"), ("route", "/capabilities"), ("status", "405"))
    assert found[name, labels] >= 1
    assert "secret-room" not in text


def exported() -> set[str]:
    """All names, as they are used in queries."""
    names = set()
    for collector in (*metrics.registry._collector_to_names, RowsCollector()):
        for family in collector.collect():
            suffixes = {
                "counter": ("_total",),
                "histogram": ("_bucket", "_sum", "_count"),
                "gauge": ("",),
            }[family.type]
            names |= {f"{family.name}{suffix}" for suffix in suffixes}
    return {name for name in names if "_process_" not in name}


def bare(name: str) -> str:
    """A histogram's name without what queries add to it."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


async def test_docs_speak_of_what_there_is() -> None:
    names = await sync_to_async(exported)()
    dashboard = json.loads((DOCS / "grafana/live_transcription.json").read_text())
    queries = [
        target["expr"]
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    ]
    alerts = yaml.safe_load((DOCS / "prometheus/alerts.yml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    queries += [rule["expr"] for rule in rules]
    used = {name for query in queries for name in NAME.findall(query)}
    assert used <= names
    table = (DOCS / "metrics.md").read_text()
    told = set(re.findall(r"\| `(live_transcription_\w+)` \|", table))
    assert told == {bare(name) for name in names}
    assert told == {bare(name) for name in used}, "everything has a panel or an alert"
    for rule in rules:
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert rule["expr"].count("(") == rule["expr"].count(")")
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))


COUNT = """
import os, django
django.setup()
from livetranscription import metrics
metrics.words.labels("read").inc({words})
metrics.slots.labels("used").set(2)
metrics.audio_age.observe(0.05)
if {words} == 5:
    print(metrics.exposition().decode())
"""


def test_processes_are_added_up(tmp_path: Path) -> None:
    """Two write one after the other; what the first held ended with it."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "livetranscription.settings",
        "CHANNEL_LAYER_URL": "redis://127.0.0.1:1",
        "APP_PERSISTENT_STORAGE": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    text = ""
    for number in (3, 5):
        done = subprocess.run(
            [sys.executable, "-c", COUNT.format(words=number)],
            env=environment,
            cwd=DOCS.parent,
            check=True,
            capture_output=True,
            text=True,
        )
        text = done.stdout
    found = samples(text)
    assert found["live_transcription_words_total", (("fate", "read"),)] == 8
    assert found["live_transcription_stt_slots", (("kind", "used"),)] == 2
    assert found["live_transcription_audio_age_seconds_count", ()] == 2
