# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Starts the speech-to-text container before anybody speaks, if the operator pays."""

import asyncio
import logging
import time
from collections.abc import Callable

from signaling.audio.framer import Framer
from signaling.audio.packet import FRAME_S
from signaling.stt.events import Closed, Ready, StreamFailed
from signaling.stt.stream import SttStream

logger = logging.getLogger(__name__)

WARM_FOR_S = 60.0
"A service that was reached so lately is still warm."


class Prewarmer:
    """Opens one stream at the first CC of a call and closes it when it is answered.

    Calls that begin side by side share one attempt. Failures are the stream's own log
    lines: nobody has spoken yet, and the first speech tries again.
    """

    def __init__(
        self,
        new_stream: Callable[[], SttStream],
        new_framer: Callable[[], Framer],
        *,
        enabled: bool,
    ) -> None:
        self._new_stream = new_stream
        self._new_framer = new_framer
        self._enabled = enabled
        self._warm_until_s = float("-inf")
        self.attempts = 0
        self.stt_s = 0.0
        "Seconds that the attempts kept a stream open: they cost like any other."

    async def warm(self) -> None:
        """Reach the service once, unless it was lately; bounded by its time-outs."""
        now_s = time.monotonic()
        if not self._enabled or now_s < self._warm_until_s:
            return
        self._warm_until_s = now_s + WARM_FOR_S
        self.attempts += 1
        stream = self._new_stream()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(stream.run())
                for frame in self._new_framer().silence(FRAME_S, now_s):
                    stream.send(frame, is_speech=False)
                if await _is_answered(stream):
                    logger.info("Speech-to-text is warm")
                await stream.finish()
        finally:
            self.stt_s += time.monotonic() - now_s
            self._warm_until_s = time.monotonic() + WARM_FOR_S


async def _is_answered(stream: SttStream) -> bool:
    """Whether the service takes audio; the first failure ends the attempt."""
    while True:
        match await stream.events.get():
            case Ready():
                return True
            case StreamFailed() | Closed():
                return False
