# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Which worker holds which call: claims, leases with fencing numbers, ends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from calls.codes import EventCode
from calls.control import worker_channel
from calls.models import Call, CallEvent, Recipient, Speaker, Worker
from calls.services.timeline import note
from calls.states import CallState, RecipientState, SpeakerState, sources

LEASE = timedelta(seconds=15)
"Renewed every 5 s; a worker that misses three renewals has lost its calls."


@dataclass(frozen=True, slots=True)
class ClaimedCall:
    """A call that is ours until the lease ends or somebody claims it after us."""

    call_id: int
    room_token: str
    fence: int
    language: str


def register_worker(name: str, host: str, pid: int) -> int:
    """A worker has started; returns the id of its row."""
    now = timezone.now()
    worker, _ = Worker.objects.update_or_create(
        name=name,
        defaults={
            "host": host,
            "pid": pid,
            "channel": worker_channel(name),
            "started_at": now,
            "seen_at": now,
        },
    )
    return worker.pk


def unregister_worker(name: str) -> None:
    """A worker ends; calls that are still its own wait for another one."""
    with transaction.atomic():
        Call.objects.filter(worker__name=name, ended_at=None).update(
            worker=None, lease_until=None, state=CallState.WAITING
        )
        Worker.objects.filter(name=name).delete()


def worker_names() -> list[str]:
    """Every worker that has not said that it ends; some may be dead."""
    return list(Worker.objects.values_list("name", flat=True))


def waiting_rooms() -> list[str]:
    """Rooms with a call that somebody wants and nobody holds."""
    return list(_claimable().values_list("room_token", flat=True))


def claim_call(room_token: str, worker: str) -> ClaimedCall | None:
    """Take the open call of a room if nobody holds it; None otherwise.

    A conditional update decides between workers that ask at the same moment.
    """
    with transaction.atomic():
        call = _claimable().filter(room_token=room_token).first()
        if call is None:
            return None
        holder = Worker.objects.get(name=worker)
        claimed = (
            _claimable()
            .filter(pk=call.pk, fence=call.fence)
            .update(
                worker=holder,
                fence=F("fence") + 1,
                lease_until=timezone.now() + LEASE,
                state=CallState.JOINING,
            )
        )
        if not claimed:
            return None
        note(call.pk, EventCode.CALL_CLAIMED, worker)
    return ClaimedCall(call.pk, call.room_token, call.fence + 1, call.language)


def renew_leases(
    worker: str, speakers: int, held: Collection[int], refusal: str = ""
) -> set[int]:
    """Renew what a worker holds; returns those of `held` that others hold by now.

    `refusal` is why the worker does not ask the HPB for a while.
    """
    now = timezone.now()
    with transaction.atomic():
        Worker.objects.filter(name=worker).update(
            seen_at=now, speakers=speakers, hpb_refusal=refusal[:500]
        )
        ours = Call.objects.filter(worker__name=worker, ended_at=None)
        ours.update(lease_until=now + LEASE)
        lost = Call.objects.filter(pk__in=held, ended_at=None).exclude(
            worker__name=worker
        )
        return set(lost.values_list("pk", flat=True))


def release_call(call_id: int, fence: int) -> bool:
    """Give a call back, open as it is, for whoever comes next."""
    held = Call.objects.filter(pk=call_id, fence=fence, ended_at=None)
    return bool(held.update(worker=None, lease_until=None, state=CallState.WAITING))


def end_call(call_id: int, fence: int, reason: str, *, unless_wanted: bool) -> bool:
    """End a call; False, and nothing done, if it is not ours or still wanted."""
    with transaction.atomic():
        call = _held(call_id, fence, CallState.ENDED).select_for_update().first()
        if call is None:
            return False
        wanted = Recipient.objects.filter(call=call, until=None)
        if unless_wanted and wanted.exists():
            return False
        close(call, CallState.ENDED, reason)
        note(call.pk, EventCode.CALL_ENDED, reason)
    return True


def fail_call(call_id: int, fence: int, reason: str) -> bool:
    """End a call that cannot be captioned, with a line for the operator."""
    with transaction.atomic():
        call = _held(call_id, fence, CallState.FAILED).select_for_update().first()
        if call is None:
            return False
        close(call, CallState.FAILED, reason)
        note(call.pk, EventCode.CALL_FAILED, reason, CallEvent.Level.ERROR)
    return True


def _claimable() -> QuerySet[Call]:
    """Open calls that somebody wants and nobody holds."""
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    wanted = Recipient.objects.filter(call=OuterRef("pk"), until=None)
    return Call.objects.filter(free, Exists(wanted), ended_at=None, suspended_at=None)


def _held(call_id: int, fence: int, target: CallState) -> QuerySet[Call]:
    return Call.objects.filter(
        pk=call_id, fence=fence, ended_at=None, state__in=sources(target)
    )


def close(call: Call, state: CallState, reason: str) -> None:
    """Everything of a call is over: wishes, lease, speakers."""
    now = timezone.now()
    Call.objects.filter(pk=call.pk).update(
        state=state,
        ended_at=now,
        end_reason=reason[:500],
        worker=None,
        lease_until=None,
    )
    Recipient.objects.filter(call=call, until=None).update(
        state=RecipientState.GONE, until=now
    )
    Speaker.objects.filter(call=call).exclude(state=SpeakerState.FAILED).update(
        state=SpeakerState.ENDED
    )
