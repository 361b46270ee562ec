# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The wish to end a stream, and how long what is under way may still take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Ending:
    """Once wished for, cuts short what goes on too long."""

    def __init__(self) -> None:
        self.wished = asyncio.Event()
        self._deadlines: dict[asyncio.Timeout, float] = {}

    def wish(self) -> None:
        """From now on the time of everything bounded runs; later wishes are nothing."""
        if not self.wished.is_set():
            self.wished.set()
            for deadline, within_s in self._deadlines.items():
                _start(deadline, within_s)

    @asynccontextmanager
    async def bounded(self, within_s: float) -> AsyncIterator[None]:
        """The body may take as long as it likes, and so many seconds after the wish.

        Raises TimeoutError when it was cut short.
        """
        async with asyncio.timeout(None) as deadline:
            self._deadlines[deadline] = within_s
            if self.wished.is_set():
                _start(deadline, within_s)
            try:
                yield
            finally:
                del self._deadlines[deadline]


def _start(deadline: asyncio.Timeout, within_s: float) -> None:
    deadline.reschedule(asyncio.get_running_loop().time() + within_s)


async def comes_within(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait for an event; False if it does not come in time."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
