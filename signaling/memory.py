# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Gives memory back to the system that an outage's backlog has left behind.

The C library keeps freed memory for later, in pieces between what is in use: after one
bad minute a process would look as large as in that minute for as long as it runs.
"""

import asyncio
import ctypes
from collections.abc import Callable

EVERY_S = 30.0


async def keep_returning(every_s: float = EVERY_S) -> None:
    """Do it again and again, off the event loop, until cancelled."""
    trim = _trim()
    while trim is not None:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(trim, 0)


def _trim() -> Callable[[int], int] | None:
    """The C library's `malloc_trim`; None where it has none, as musl."""
    function: Callable[[int], int] | None
    function = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return function
