# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""An audio file through the very stream a call uses, word by word."""

import asyncio
import time
from collections.abc import Callable

from signaling.audio.file import AudioFile
from signaling.audio.packet import FRAME_S, OPUS_HZ
from signaling.captions.documents import TimedWord
from signaling.errors import SttError, SttRefusedError
from signaling.stt.events import Closed, Ready, StreamFailed, Word
from signaling.stt.stream import SttStream
from signaling.supervisor.transcription import TAIL_S, AudioPath

DELAY_S = 0.5
"Of the model: a word comes so long after it began."
AHEAD_S = 1.0
"Audio that may wait for the service; what waits for too long would be dropped."
AWAY_S = 10.0
"Without a connection that works; a call would try for ever."


class FileTranscription:
    """Sends a file's audio at twice real time, as a backlog is, or in real time.

    `on_progress` is told how many seconds have been sent, `on_problem` each failure.
    """

    def __init__(
        self,
        file: AudioFile,
        path: AudioPath,
        *,
        realtime: bool,
        on_word: Callable[[TimedWord], None],
        on_progress: Callable[[float], None],
        on_problem: Callable[[str], None],
    ) -> None:
        self._file = file
        self._framer = path.new_framer()
        self._stream: SttStream = path.new_stream()
        self._realtime = realtime
        self._on_word = on_word
        self._on_progress = on_progress
        self._on_problem = on_problem
        self._read_s = 0.0
        self._give_up_at_s: float | None = None

    @property
    def garbage(self) -> int:
        """Messages of the service that were not of the wire."""
        return self._stream.counters.garbage

    async def run(self) -> None:
        """To the last word.

        Raises `SttError` if there is no getting through, and `AudioFileError`.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(self._stream.run())
                feeding = tasks.create_task(self._feed())
                await self._listen()
                feeding.cancel()
                running.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _feed(self) -> None:
        began_s = time.monotonic()
        for packet in self._file.packets():
            for frame in self._framer.push(packet):
                self._stream.send(frame)
                self._read_s += frame.samples / OPUS_HZ
                self._on_progress(self._read_s - self._stream.waiting_s)
                await self._keep_pace(began_s)
        now_s = time.monotonic()
        for frame in (*self._framer.drain(now_s), *self._framer.silence(TAIL_S, now_s)):
            self._stream.send(frame, is_speech=False)
        await self._stream.finish()

    async def _keep_pace(self, began_s: float) -> None:
        """Real time, or until the service has taken most of what was sent."""
        if self._realtime:
            await asyncio.sleep(began_s + self._read_s - time.monotonic())
        while self._stream.waiting_s > AHEAD_S:  # noqa: ASYNC110 - no news of that
            await asyncio.sleep(FRAME_S / 2)

    async def _listen(self) -> None:
        """Words until the end; a service that is away for `AWAY_S` is given up."""
        while True:
            try:
                async with asyncio.timeout_at(self._give_up_at_s):
                    event = await self._stream.events.get()
            except TimeoutError:
                raise SttError(self._stream.last_failure) from None
            match event:
                case Word(text):
                    self._give_up_at_s = None
                    heard_s = self._read_s - self._stream.waiting_s - DELAY_S
                    self._on_word(TimedWord(text, max(0.0, heard_s)))
                case Ready():
                    self._give_up_at_s = None
                case StreamFailed(reason, retryable):
                    if not retryable:
                        raise SttRefusedError(reason)
                    self._on_problem(reason)
                    if self._give_up_at_s is None:
                        now_s = asyncio.get_running_loop().time()
                        self._give_up_at_s = now_s + AWAY_S
                case Closed():
                    return
