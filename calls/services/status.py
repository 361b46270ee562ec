# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What is going on, in numbers."""

from dataclasses import dataclass

from django.utils import timezone

from calls.models import Call, Recipient, Speaker, Worker
from calls.services.leases import LEASE
from calls.states import HEARD


@dataclass(frozen=True, slots=True)
class Status:
    """Counts of open calls and what belongs to them."""

    active_rooms: int
    active_transcribers: int
    recipients: int
    workers: int
    "Heard of while their leases last."


def status() -> Status:
    """The counts now."""
    return Status(
        active_rooms=Call.objects.filter(ended_at=None).count(),
        active_transcribers=Speaker.objects.filter(
            call__ended_at=None, state__in=HEARD
        ).count(),
        recipients=Recipient.objects.filter(until=None).count(),
        workers=Worker.objects.filter(seen_at__gt=timezone.now() - LEASE).count(),
    )
