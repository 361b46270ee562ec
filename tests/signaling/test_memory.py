# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Freed memory goes back to the system, and rings of objects are freed."""

import asyncio
import weakref

import psutil

from signaling.memory import keep_returning

PIECE = 8_000
PIECES = 10_000


def memory_mib() -> float:
    """What this process holds."""
    return float(psutil.Process().memory_info().rss) / 2**20


async def test_freed_memory_is_given_back() -> None:
    """Even from between pieces that are still in use."""
    pieces = [bytes(PIECE + n % 7) for n in range(PIECES)]
    kept = pieces[::50]
    full_mib = memory_mib()
    pieces.clear()
    task = asyncio.create_task(keep_returning(0.05))
    async with asyncio.timeout(5.0):
        while full_mib - memory_mib() < 0.5 * PIECES * PIECE / 2**20:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()
    assert len(kept) == PIECES // 50


class Ring:
    """Refers to itself, as tasks and their exceptions do."""

    def __init__(self) -> None:
        self.me = self


async def test_rings_of_objects_are_freed_in_time() -> None:
    """The collector itself may not look at them for an hour."""
    gone = weakref.ref(Ring())
    task = asyncio.create_task(keep_returning(0.05))
    async with asyncio.timeout(5.0):
        while gone() is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    task.cancel()
