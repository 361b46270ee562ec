# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Which message a request id belongs to, so that errors find their request. Pure."""

from collections import OrderedDict

from signaling.hpb.messages import OutgoingMessage, Transcript

MAX_PENDING = 256
"Of each kind. Most requests are never answered, so the oldest are forgotten."


class RequestLog:
    """Counts request ids and remembers the latest messages under them.

    Captions have a place of their own: they are many and must not push out the
    requests for offers, whose errors arrive up to ten seconds later.
    """

    def __init__(self) -> None:
        self._last_id = 0
        self._control: OrderedDict[str, OutgoingMessage] = OrderedDict()
        self._captions: OrderedDict[str, OutgoingMessage] = OrderedDict()

    def new_id(self) -> str:
        """The next request id; never one that was used before."""
        self._last_id += 1
        return str(self._last_id)

    def remember(self, request_id: str, message: OutgoingMessage) -> None:
        """The message was written under this id."""
        caption = isinstance(message, Transcript)
        pending = self._captions if caption else self._control
        pending[request_id] = message
        if len(pending) > MAX_PENDING:
            pending.popitem(last=False)

    def take(self, request_id: str) -> OutgoingMessage | None:
        """The message an answer belongs to, once; None if it is not known."""
        message = self._control.pop(request_id, None)
        return message or self._captions.pop(request_id, None)

    def clear(self) -> None:
        """The connection is gone; nothing will be answered."""
        self._control.clear()
        self._captions.clear()
