# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What waits to be sent to the HPB, bounded. Pure."""

import logging
from collections import deque

from signaling.hpb.messages import OutgoingMessage, RequestOffer, Transcript

logger = logging.getLogger(__name__)

MAX_CONTROL = 1000
"Offers asked for, answers, candidates: far more than any call needs."
MAX_CAPTIONS = 500
MAX_CAPTION_AGE_S = 5.0
"Captions of words spoken longer ago are of no use to a reader."


class Outbox:
    """Control messages first, in order; captions wait `MAX_CAPTION_AGE_S` at most.

    The oldest caption gives way when `MAX_CAPTIONS` wait. Control messages wait as
    long as it takes; one beyond `MAX_CONTROL` is refused, counted and logged.
    """

    def __init__(self) -> None:
        self._control: deque[OutgoingMessage] = deque()
        self._captions: deque[tuple[Transcript, float]] = deque()
        self._full = False
        self.dropped_captions = 0
        self.dropped_words = 0
        "Words in them, once per reader."
        self.dropped_control = 0

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._control) + len(self._captions)

    def put(self, message: OutgoingMessage, now_s: float) -> None:
        """Queue a message; never waits."""
        if isinstance(message, Transcript):
            self._captions.append((message, now_s))
            if len(self._captions) > MAX_CAPTIONS:
                self._drop_caption(self._captions.popleft()[0])
        elif isinstance(message, RequestOffer) and message in self._control:
            return  # asked while disconnected; asking twice makes two subscribers
        elif len(self._control) < MAX_CONTROL:
            self._control.append(message)
        else:
            self._drop_control(message)

    def get(self, now_s: float) -> tuple[OutgoingMessage, float] | None:
        """The next message and when it was put (for `put_back`); None if none waits."""
        if self._control:
            self._full = False
            return self._control.popleft(), now_s
        while self._captions:
            message, put_s = self._captions.popleft()
            if now_s - put_s <= MAX_CAPTION_AGE_S:
                return message, put_s
            self._drop_caption(message)
        return None

    def put_back(self, message: OutgoingMessage, put_s: float) -> None:
        """Return a message to the front: it could not be sent."""
        if isinstance(message, Transcript):
            self._captions.appendleft((message, put_s))
        else:
            self._control.appendleft(message)

    def discard_control(self) -> None:
        """Forget the control messages: the sessions they name are gone."""
        self._control.clear()
        self._full = False

    def _drop_caption(self, message: Transcript) -> None:
        self.dropped_captions += 1
        self.dropped_words += len(message.text.split())

    def _drop_control(self, message: OutgoingMessage) -> None:
        self.dropped_control += 1
        if not self._full:
            self._full = True
            logger.warning(
                "Too many messages wait for the HPB; dropping %s and what follows",
                type(message).__name__,
            )
