# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the dashboard reads from rows: open calls, the workers, what today came to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from calls.models import Call, Recipient, Speaker, Worker
from calls.services.leases import LEASE
from calls.states import CallState, RecipientState, SpeakerState

MAX_CALLS = 200


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that is not over, whether a worker holds it or not."""

    call_id: int
    room_token: str
    state: str
    language: str
    recipients: int
    since: datetime


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A process that holds calls."""

    name: str
    host: str
    channel: str
    speakers: int
    seen_at: datetime
    is_alive: bool
    "Heard of while its leases last."


@dataclass(frozen=True, slots=True)
class Today:
    """Of the calls that began today, in UTC."""

    speech_s: float
    stt_s: float
    "Seconds that streams to speech-to-text were open."


@dataclass(frozen=True, slots=True)
class Standing:
    """How many there are of each, at this moment; open calls only."""

    calls: dict[str, int]
    "By state, none left out."
    speakers: dict[str, int]
    recipients: dict[str, int]
    workers: int
    "Alive."


def standing() -> Standing:
    """What metrics say of rows; raises `DatabaseError`."""
    is_open = Q(call__ended_at=None)
    recipients = Recipient.objects.filter(is_open, until=None)
    return Standing(
        calls=_by_state(CallState, Call.objects.filter(ended_at=None)),
        speakers=_by_state(SpeakerState, Speaker.objects.filter(is_open)),
        recipients=_by_state(RecipientState, recipients),
        workers=Worker.objects.filter(seen_at__gt=timezone.now() - LEASE).count(),
    )


def _by_state(states: type[StrEnum], rows: QuerySet[Any]) -> dict[str, int]:
    found = rows.order_by().values_list("state").annotate(Count("pk"))
    return {state.value: 0 for state in states} | dict(found)


def open_calls() -> list[OpenCall]:
    """Calls that are not over, the oldest first, `MAX_CALLS` at most."""
    calls = (
        Call.objects.filter(ended_at=None)
        .order_by("created_at")
        .annotate(reading=Count("recipients", filter=Q(recipients__until=None)))
    )
    return [
        OpenCall(
            call_id=call.pk,
            room_token=call.room_token,
            state=call.state,
            language=call.language,
            recipients=call.reading,
            since=call.created_at,
        )
        for call in calls[:MAX_CALLS]
    ]


def worker_lines() -> list[WorkerLine]:
    """Every worker that has not said that it ends, by name."""
    alive_since = timezone.now() - LEASE
    return [
        WorkerLine(
            name=worker.name,
            host=worker.host,
            channel=worker.channel,
            speakers=worker.speakers,
            seen_at=worker.seen_at,
            is_alive=worker.seen_at > alive_since,
        )
        for worker in Worker.objects.order_by("name")
    ]


def today() -> Today:
    """Speech against what was paid for it; workers write their counters every 5 s."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    sums = Speaker.objects.filter(call__created_at__gte=midnight).aggregate(
        speech_s=Sum("speech_s"), stt_s=Sum("stt_s")
    )
    return Today(sums["speech_s"] or 0.0, sums["stt_s"] or 0.0)
