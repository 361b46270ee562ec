# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who takes a stream's audio, and whose words come out: one connection at a time."""

import asyncio
from collections.abc import Callable

from signaling.stt.reasons import Renewal


class News:
    """Wakes the one who waits for something to become true."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Something has changed."""
        self._event.set()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until it holds; looked at whenever there is news."""
        while not predicate():
            self._event.clear()
            await self._event.wait()


class Floor:
    """One connection's part in the relay.

    It is given the floor, takes audio, leaves the floor to an heir, and ends when its
    last word is out; `before` are the connections whose words come first.
    """

    def __init__(self, news: News, before: tuple["Floor", ...] = ()) -> None:
        self._news = news
        self._before = before
        self.given = asyncio.Event()
        self._ended = asyncio.Event()
        self.wanted: Renewal | None = None
        "Why another connection should take over."
        self.is_ready = False
        "It would take audio, had it the floor."
        self.has_heir = False
        "Another connection is ready to take over."
        self.has_left = False
        "It takes no more audio."

    @property
    def has_ended(self) -> bool:
        """Nothing more comes from it."""
        return self._ended.is_set()

    @property
    def is_held(self) -> bool:
        """Audio goes to this connection."""
        return self.given.is_set() and not self.has_left

    def want(self, reason: Renewal) -> bool:
        """Ask for an heir; False if that has been done before, or is too late."""
        if self.wanted is not None or not self.is_held:
            return False
        self.wanted = reason
        self._news.tell()
        return True

    def withdraw(self) -> None:
        """A word came: what the lack of words was the reason for is not needed."""
        if self.wanted is not None and self.wanted.is_mute and self.is_held:
            self.wanted = None
            self._news.tell()

    def ready(self) -> None:
        """The server has shown that it would take audio."""
        self.is_ready = True
        self._news.tell()

    def leave(self) -> None:
        """Take no more audio; what is with the server still becomes words."""
        self.has_left = True
        self._news.tell()

    def end(self) -> None:
        """Say nothing any more."""
        self._before = ()
        self._ended.set()
        self.leave()

    async def turn(self) -> None:
        """Wait until all connections before have said their last words."""
        for floor in self._before:
            await floor._ended.wait()
        self._before = ()
