# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Keeps a process as small as what it holds.

Objects that refer to each other wait for the collector, which looks at all of them
rarely, and stops everything for 40 ms when it does: what is there after the start is
taken out of its sight. And the C library keeps freed memory for later, in pieces
between what is in use: after one bad minute a process would look as large as in that
minute for as long as it runs.
"""

import asyncio
import ctypes
import gc
from collections.abc import Callable

EVERY_S = 30.0


def settle() -> None:
    """After the start: what is there now stays, and need not be looked at again."""
    gc.collect()
    gc.freeze()


async def keep_returning(every_s: float = EVERY_S) -> None:
    """Collect, and give free memory back to the system, until cancelled."""
    trim = _trim()
    while True:
        await asyncio.sleep(every_s)
        # On the loop's own thread, as finalizers want it; 0.1 ms after `settle`.
        gc.collect()
        if trim is not None:
            await asyncio.to_thread(trim, 0)


def _trim() -> Callable[[int], int] | None:
    """The C library's `malloc_trim`; None where it has none, as musl."""
    function: Callable[[int], int] | None
    function = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return function
