"""One websocket of a stream: audio out, words in, and the last words at the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from signaling.errors import SttCapacityError, SttError, SttUnavailableError
from signaling.stt.backlog import Backlog
from signaling.stt.events import (
    Garbage,
    MarkerReached,
    Pause,
    Piece,
    Ready,
    StreamFailed,
    SttEvent,
    Word,
)
from signaling.stt.text import TextJoiner
from signaling.stt.wire import Muxer, Wire

READY_TIMEOUT_S = 10.0
SEND_TIMEOUT_S = 5.0
CAPACITY_S = 5.0
"A connection closed within this time, without a word, had no free channel."
LAST_WORDS_S = 2.0
MARKER_S = 3.0
AFTER_MARKER_S = 0.1
"Other clients' audio can bring a marker back slightly early."


class SttConnection:
    """Owns an open socket until it is closed."""

    def __init__(
        self,
        socket: ClientConnection,
        wire: Wire,
        muxer: Muxer,
        text_style: str,
        emit: Callable[[SttEvent], Awaitable[None]],
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._muxer = muxer
        self._decoder = wire.new_decoder()
        self._joiner = TextJoiner(text_style)
        self._emit = emit
        self._ready = asyncio.Event()
        self._marker = asyncio.Event()
        self._opened_s = time.monotonic()
        self._draining = False
        self._words = 0
        self._sent_bytes = 0
        self.sent_frames = 0
        self.garbage = 0
        "Messages that are not of the wire."

    async def run(
        self,
        backlog: Backlog[Any],
        filled: asyncio.Event,
        finishing: asyncio.Event,
        on_state: Callable[[bool], None],
    ) -> SttError | None:
        """Send and receive; returns what broke it, None after a proper end.

        A proper end is `finishing`, or a renewal before the service's own limit.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read())
                sending = tasks.create_task(
                    self._send_all(backlog, filled, finishing, on_state)
                )
                await asyncio.wait(
                    {reading, sending}, return_when=asyncio.FIRST_COMPLETED
                )
                if sending.done():
                    await self._socket.close()
                    await asyncio.wait({reading})
                sending.cancel()
        finally:
            await self._socket.close()
        ended_well = self._draining or (not sending.cancelled() and sending.result())
        return None if ended_well else reading.result()

    async def _send_all(
        self,
        backlog: Backlog[Any],
        filled: asyncio.Event,
        finishing: asyncio.Event,
        on_state: Callable[[bool], None],
    ) -> bool:
        """Send until `finishing` or renewal, then bring out the last words.

        False: the server takes nothing any more.
        """
        if self._wire.waits_for_ready and not await self._wait_ready():
            return False
        if not self._wire.waits_for_ready:
            await self._emit(Ready())
        on_state(False)
        backlog.restart_pace(time.monotonic())
        if not await self._send_messages(self._muxer.start()):
            return False
        while not (finishing.is_set() and not backlog) and not self._is_due():
            if not backlog:
                filled.clear()
                await filled.wait()
                continue
            hurry = finishing.is_set()
            wait_s = 0.0 if hurry else backlog.wait_s(time.monotonic())
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            frame = self._muxer.frame(backlog.get(time.monotonic(), hurry=hurry))
            if not await self._send(self._wire.encode_audio(frame)):
                return False
            self.sent_frames += 1
        self._draining = True
        on_state(True)
        return await self._bring_out_last_words()

    async def _bring_out_last_words(self) -> bool:
        pages = [self._wire.encode_audio(page) for page in self._muxer.end()]
        ends = list(self._wire.encode_end())
        if not await self._send_messages([*pages, *ends]):
            return False
        try:
            async with asyncio.timeout(MARKER_S if ends else LAST_WORDS_S):
                await self._marker.wait()
            await asyncio.sleep(AFTER_MARKER_S)
        except TimeoutError:
            return True
        return True

    async def _wait_ready(self) -> bool:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._ready.wait()
        except TimeoutError:
            return False
        return True

    def _is_due(self) -> bool:
        """Whether the service would soon end the connection by itself."""
        limits = self._wire.limits
        if time.monotonic() - self._opened_s >= limits.connection_s:
            return True
        limit_bytes = limits.connection_bytes
        return limit_bytes is not None and self._sent_bytes >= limit_bytes

    async def _send_messages(self, messages: Any) -> bool:
        for message in messages:
            if not await self._send(message):
                return False
        return True

    async def _send(self, message: bytes) -> bool:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send(message)
        except (ConnectionClosed, TimeoutError):
            return False
        self._sent_bytes += len(message)
        return True

    async def _read(self) -> SttError:
        """Take messages until the connection ends; returns why it did."""
        try:
            while True:
                deadline_s = self._joiner.deadline_s
                wait_s = None if deadline_s is None else deadline_s - time.monotonic()
                try:
                    async with asyncio.timeout(wait_s):
                        data = await self._socket.recv()
                except TimeoutError:
                    await self._say(self._joiner.due(time.monotonic()))
                    continue
                for event in self._decoder.decode(data):
                    if isinstance(event, StreamFailed):
                        return self._failure(event.reason)
                    await self._take(event)
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd is not None else "no close frame"
            return self._failure(f"connection closed ({code})")
        finally:
            # A word cut short by the end of the connection is still a word.
            await self._say(self._joiner.flush())

    async def _take(self, event: SttEvent) -> None:
        match event:
            case Piece(text):
                await self._say(self._joiner.piece(text, time.monotonic()))
            case Word(text):
                if text.strip():
                    self._words += 1
                    await self._emit(Word(text.strip(), event.start_s))
            case Pause():
                await self._say(self._joiner.flush())
                await self._emit(event)
            case Ready():
                self._ready.set()
                await self._emit(event)
            case MarkerReached():
                self._marker.set()
            case Garbage():
                self.garbage += 1
            case _:
                return

    async def _say(self, words: list[str]) -> None:
        for word in words:
            self._words += 1
            await self._emit(Word(word))

    def _failure(self, reason: str) -> SttError:
        early = time.monotonic() - self._opened_s < CAPACITY_S
        if "free channel" in reason or (early and not self._words):
            return SttCapacityError(f"no free channel ({reason})")
        return SttUnavailableError(reason)
