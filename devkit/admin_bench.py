# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How long the operators' lists take with very many past calls."""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import environ
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from calls import services
from calls.models import Call, CallEvent, Recipient, RoomSettings, Speaker, Worker
from calls.services import EventCode
from devkit.postgresql import PostgreSql

BATCH = 5_000
DAYS = 100
"Over so many days the calls are spread."
ROOMS = 2_000
EVENTS = (
    EventCode.CALL_WANTED,
    EventCode.CALL_CLAIMED,
    EventCode.HPB_JOINED,
    EventCode.SPEAKER_LISTENING,
    EventCode.SPEAKER_RECONNECTING,
    EventCode.CALL_ENDED,
)
LISTS = {
    "calls": "calls/call/",
    "calls, last page": "calls/call/?p={last}",
    "calls, running": "calls/call/?over=no",
    "calls, over": "calls/call/?over=yes",
    "calls, failed": "calls/call/?state__exact=failed",
    "calls, in French": "calls/call/?language=fr",
    "calls, with a problem": "calls/call/?has_problem__exact=1",
    "calls, of a week": "calls/call/?created_at__gte={week}",
    "calls, by words": "calls/call/?o=-7",
    "calls, room searched": "calls/call/?q=room-77",
    "calls, speaker searched": "calls/call/?q=Speaker+42",
    "calls, nothing found": "calls/call/?q=nobody",
    "one call": "calls/call/{call}/change/",
    "speakers": "calls/speaker/",
    "speakers, one state": "calls/speaker/?state__exact=ended",
    "readers": "calls/recipient/",
    "readers, one state": "calls/recipient/?state__exact=gone",
    "events": "calls/callevent/",
    "events, warnings": "calls/callevent/?level__exact=warning",
    "events, last page": "calls/callevent/?p={last_events}",
    "events, in the middle": "calls/callevent/?p={middle_events}",
    "events, one code": "calls/callevent/?code=hpb.joined",
    "workers": "calls/worker/",
    "languages": "calls/language/",
    "rooms": "calls/roomsettings/",
    "rooms, searched": "calls/roomsettings/?q=room-77",
    "first page": "",
}


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one page took, in several requests."""

    name: str
    median_ms: float
    worst_ms: float


@contextmanager
def database(kind: str) -> Iterator[None]:
    """An empty database with our tables: `sqlite` or `postgresql`, used by Django."""
    with tempfile.TemporaryDirectory(prefix="live_transcription-") as folder:
        if kind == "sqlite":
            _use(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
            call_command("migrate", verbosity=0)
            yield
            connections.close_all()
            return
        with PostgreSql() as server:
            _use(server.create_database("bench"))
            call_command("migrate", verbosity=0)
            yield
            connections.close_all()


def fill(calls: int, on_progress: Callable[[int], None]) -> None:
    """So many past calls, each with two speakers, two readers and six events."""
    now = timezone.now()
    Worker.objects.create(
        name="bench", host="", pid=1, channel="c", started_at=now, seen_at=now
    )
    RoomSettings.objects.bulk_create(
        RoomSettings(room_token=f"room-{n}", language="fr") for n in range(ROOMS)
    )
    step = timedelta(days=DAYS) / calls
    for first in range(0, calls, BATCH):
        count = min(BATCH, calls - first)
        _add(first, count, now - timedelta(days=DAYS) + first * step, step)
        on_progress(count)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def measure(requests: int, on_progress: Callable[[str], None]) -> list[Timing]:
    """Each list, some times over, as an operator; raises `RuntimeError` without one."""
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    client = Client()
    user = get_user_model().objects.create_superuser("bench", password=None)
    client.force_login(user)
    found = []
    for name, path in LISTS.items():
        on_progress(name)
        found.append(_time(name, requests, partial(_get, client, _url(path))))
    for name, work in (
        ("today's sums", services.today),
        ("metrics of rows", services.standing),
        ("manage.py calls --past", _past),
    ):
        on_progress(name)
        found.append(_time(name, requests, work))
    return found


def _use(url: str) -> None:
    """Have Django's default connection, not opened yet, lead there."""
    old = connections["default"].settings_dict
    new = {**old, "OPTIONS": {}, **environ.Env.db_url_config(url)}
    connections.settings["default"] = new
    connections["default"] = connections.create_connection("default")


def _add(first: int, count: int, began_at: datetime, step: timedelta) -> None:
    """A batch, in one statement per table; dates are put in afterwards."""
    calls = Call.objects.bulk_create(
        Call(
            room_token=f"room-{number % ROOMS}",
            state="failed" if number % 50 == 0 else "ended",
            language="fr" if number % 3 == 0 else "en",
            ended_at=began_at + (number - first) * step + timedelta(minutes=30),
            words_read=number % 900,
            has_problem=number % 10 == 0,
        )
        for number in range(first, first + count)
    )
    for number, call in enumerate(calls):
        call.created_at = began_at + number * step
    Call.objects.bulk_update(calls, ["created_at"], batch_size=400)
    _add_people(calls)
    CallEvent.objects.bulk_create(
        CallEvent(call=call, code=code, level=_level(call, code))
        for call in calls
        for code in EVENTS
    )


def _add_people(calls: list[Call]) -> None:
    """Two who spoke and two who read, in each."""
    Speaker.objects.bulk_create(
        Speaker(
            call=call,
            session_id=f"s{one}",
            display_name=f"Speaker {(call.pk + one) % 500}",
            state="ended",
            speech_s=60,
            stt_s=80,
        )
        for call in calls
        for one in range(2)
    )
    Recipient.objects.bulk_create(
        Recipient(
            call=call,
            nextcloud_session_id=f"n{one}",
            state="gone",
            since=call.created_at,
            until=call.ended_at,
        )
        for call in calls
        for one in range(2)
    )


def _level(call: Call, code: EventCode) -> str:
    is_bad = call.has_problem and code is EventCode.SPEAKER_RECONNECTING
    return "warning" if is_bad else "info"


def _url(path: str) -> str:
    events = (CallEvent.objects.count() + 99) // 100
    last, week = (Call.objects.count() + 99) // 100, timezone.now() - timedelta(days=7)
    call = Call.objects.order_by("pk").values_list("pk", flat=True)[0]
    values = {
        "last": last,
        "week": f"{week:%Y-%m-%d}+00:00:00%2B00:00",
        "call": call,
        "last_events": events,
        "middle_events": events // 2,
    }
    return f"/admin/{path.format(**values)}"


def _get(client: Client, path: str) -> None:
    response = client.get(path)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answers {response.status_code}")


def _past() -> None:
    call_command("calls", past=True, stdout=io.StringIO())


def _time(name: str, requests: int, work: Callable[[], object]) -> Timing:
    work()  # templates and statements are compiled once
    took_ms = []
    for _ in range(requests):
        began_s = time.perf_counter()
        work()
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return Timing(name, statistics.median(took_ms), max(took_ms))
