# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the dashboard reads from rows: open calls, the workers, what today came to."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, Sum
from django.utils import timezone

from calls.models import Call, Speaker, Worker
from calls.services.leases import LEASE

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
