# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Sends captions to those who asked, never to the speaker's own session."""

import asyncio
import time
from collections.abc import Callable

from livetranscription import metrics
from signaling.captions.caption import Caption
from signaling.captions.pacing import Pacer
from signaling.captions.recent import RecentCaptions
from signaling.hpb.messages import Transcript

SendMessage = Callable[[Transcript], None]
Targets = Callable[[], tuple[str, ...]]


class CaptionSender:
    """Paces the captions of one call and hands one message per recipient to the HPB.

    Bounds: the pacer holds at most a few words per speaker, the HPB client's queue
    drops the oldest caption and counts it; `push` never waits.
    """

    def __init__(self, send: SendMessage, targets: Targets) -> None:
        self._send = send
        self._targets = targets
        self._pacer = Pacer()
        self._pushed = asyncio.Event()
        self.recent = RecentCaptions()
        "Pace and delay of the last minute, for whoever looks on."
        self.captions = 0
        "Captions that went to at least one recipient."
        self.words_read = 0
        "Words in them."
        self.words_unread = 0
        "Words for which nobody was there at that moment."

    def push(self, caption: Caption) -> None:
        """Take a caption; it leaves at once unless people talk over each other."""
        self._deliver(self._pacer.push(caption, time.monotonic()))
        self._pushed.set()

    async def run(self) -> None:
        """Release held captions in time; ends when cancelled."""
        while True:
            deadline_s = self._pacer.deadline_s
            timeout_s = None if deadline_s is None else deadline_s - time.monotonic()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._pushed.wait()
            except TimeoutError:
                self._deliver(self._pacer.due(time.monotonic()))
            self._pushed.clear()

    def flush(self) -> None:
        """Release everything that is held; the call is about to end."""
        self._deliver(self._pacer.flush())

    def _deliver(self, captions: list[Caption]) -> None:
        now_s = time.monotonic()
        for caption in captions:
            recipients = [t for t in self._targets() if t != caption.speaker]
            for recipient in recipients:
                self._send(
                    Transcript(
                        recipient, caption.speaker, caption.text, caption.language
                    )
                )
            words = len(caption.text.split())
            self.recent.add(caption, words, now_s)
            metrics.word_to_caption.observe(max(0.0, now_s - caption.started_s))
            if recipients:
                self.captions += 1
                self.words_read += words
            else:
                self.words_unread += words
