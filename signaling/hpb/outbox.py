"""What waits to be sent to the HPB. Bounded; pure but for the event that wakes."""

import asyncio
from collections import deque

from signaling.hpb.messages import OutgoingMessage, Transcript

MAX_CONTROL = 1000
"Offers asked for, answers, candidates: far more than any call needs."
MAX_CAPTIONS = 500
MAX_CAPTION_AGE_S = 5.0
"Captions of words spoken longer ago are of no use to a reader."


class Outbox:
    """Control messages first; captions wait `MAX_CAPTION_AGE_S` at most.

    The oldest caption is dropped when `MAX_CAPTIONS` wait, and counted in `dropped`;
    so is the newest control message beyond `MAX_CONTROL`.
    """

    def __init__(self) -> None:
        self._control: deque[OutgoingMessage] = deque()
        self._captions: deque[tuple[Transcript, float]] = deque()
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, message: OutgoingMessage, now_s: float) -> None:
        """Queue a message; never waits."""
        if isinstance(message, Transcript):
            if len(self._captions) >= MAX_CAPTIONS:
                self._captions.popleft()
                self.dropped += 1
            self._captions.append((message, now_s))
        elif len(self._control) >= MAX_CONTROL:
            self.dropped += 1
        else:
            self._control.append(message)
        self._filled.set()

    def get(self, now_s: float) -> OutgoingMessage | None:
        """The next message, None if nothing waits."""
        if self._control:
            return self._control.popleft()
        while self._captions:
            message, put_s = self._captions.popleft()
            if now_s - put_s <= MAX_CAPTION_AGE_S:
                return message
            self.dropped += 1
        return None

    def keep_captions_only(self) -> None:
        """Forget the control messages: the sessions they name are gone."""
        self._control.clear()

    def wake(self) -> None:
        """Let `wait` return although nothing was put."""
        self._filled.set()

    async def wait(self) -> None:
        """Wait until something was put, or `wake`."""
        await self._filled.wait()
        self._filled.clear()
