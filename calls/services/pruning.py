# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Forgets calls of long ago, a few at a time, so that running ones can write."""

from collections.abc import Iterator
from datetime import datetime

from calls.models import Call

BATCH = 200


def calls_before(moment: datetime) -> int:
    """How many calls ended before a moment."""
    return Call.objects.filter(ended_at__lt=moment).count()


def prune_calls(moment: datetime, batch: int = BATCH) -> Iterator[int]:
    """Delete calls that ended before a moment, with all that belongs to them.

    Each step is a transaction of its own; yields how many calls it deleted.
    """
    while True:
        ids = list(
            Call.objects.filter(ended_at__lt=moment).values_list("pk", flat=True)[
                :batch
            ]
        )
        if not ids:
            return
        Call.objects.filter(pk__in=ids).delete()
        yield len(ids)
