# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One websocket of a stream: a sender, a reader, and a close that is bounded."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from signaling.errors import SttCapacityError, SttError, SttUnavailableError
from signaling.stt.ending import comes_within
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
from signaling.stt.sending import AudioSource, Sender
from signaling.stt.text import TextJoiner
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import NO_FREE_CHANNEL, Muxer, Wire


class Outlet(Protocol):
    """What a connection tells the stream it belongs to."""

    async def opened(self) -> None:
        """The server takes audio."""

    async def proved(self) -> None:
        """The server works: it gave a word, or stayed for long. Said once."""

    async def said(self, event: Word | Pause) -> None:
        """Something for the stream's user."""

    def frame_sent(self) -> None:
        """80 ms of audio are with the server."""

    def draining(self) -> None:
        """No more audio goes out; the last words come in."""

    def garbage(self) -> None:
        """A message was not of the wire."""


class SttConnection:
    """Owns an open socket until it is closed."""

    def __init__(
        self,
        socket: ClientConnection,
        wire: Wire,
        muxer: Muxer,
        joiner: TextJoiner,
        outlet: Outlet,
        timing: StreamTiming,
        clock: Callable[[], float],
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._decoder = wire.new_decoder()
        self._joiner = joiner
        self._outlet = outlet
        self._timing = timing
        self._clock = clock
        self._sender = Sender(socket, wire, muxer, timing, clock)
        self._ready = asyncio.Event()
        self._opened_s = clock()
        self.is_proved = False
        self._is_draining = False
        self._complaint: SttError | None = None
        "Why we gave the server up."

    async def run(self, source: AudioSource) -> SttError | None:
        """Send and receive; returns what broke it, None after a proper end.

        A proper end is `source.finishing`, or a renewal before the service's limit.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read())
                writing = tasks.create_task(self._write(source))
                await asyncio.wait(
                    {reading, writing}, return_when=asyncio.FIRST_COMPLETED
                )
                writing.cancel()
                await self._close()
                await asyncio.wait({reading})
        finally:
            # Closed by now, unless this was cancelled: then nobody waits for manners.
            self._socket.transport.abort()
            await self._socket.wait_closed()
        if self._is_old():
            await self._prove()
        return None if self._is_draining else self._complaint or reading.result()

    async def _close(self) -> None:
        """Close with 1000; the library would wait for ever to write to a full pipe."""
        try:
            async with asyncio.timeout(self._timing.close_s):
                await self._socket.close()
        except TimeoutError:
            self._socket.transport.abort()

    async def _write(self, source: AudioSource) -> None:
        """Send until `finishing` or renewal, then bring out the last words."""
        try:
            await self._wait_ready()
            await self._outlet.opened()
            renews = await self._sender.send_audio(source, self._outlet.frame_sent)
            self._is_draining = True
            self._outlet.draining()
            if renews:
                await self._sender.send_silence(source)
            await self._sender.bring_out_last_words()
        except SttUnavailableError as error:
            self._complaint = error
        except ConnectionClosed:
            return  # the reader knows why

    async def _wait_ready(self) -> None:
        within_s = self._timing.ready_s
        if self._wire.waits_for_ready and not await comes_within(self._ready, within_s):
            text = f"the server was not ready within {within_s:g} s"
            raise SttUnavailableError(text)

    async def _read(self) -> SttError:
        """Take messages until the connection ends; returns why it did."""
        try:
            while True:
                data = await self._receive()
                for event in [] if data is None else self._decoder.decode(data):
                    if isinstance(event, StreamFailed):
                        await self._say(self._joiner.flush())
                        return self._failure(event.reason)
                    await self._take(event)
        except ConnectionClosed as error:
            # A word cut short by the end of the connection is still a word.
            await self._say(self._joiner.flush())
            code = "no close frame" if error.rcvd is None else error.rcvd.code
            return self._failure(f"the server closed the connection ({code})")

    async def _receive(self) -> bytes | str | None:
        """The next message; None if something was due before one came."""
        due_s = [] if self.is_proved else [self._opened_s + self._timing.healthy_s]
        if self._joiner.deadline_s is not None:
            due_s.append(self._joiner.deadline_s)
        wait_s = min(due_s) - self._clock() if due_s else None
        try:
            async with asyncio.timeout(wait_s):
                return await self._socket.recv()
        except TimeoutError:
            if self._is_old():
                await self._prove()
            await self._say(self._joiner.due(self._clock()))
            return None

    async def _take(self, event: SttEvent) -> None:
        match event:
            case Piece(text):
                await self._say(self._joiner.piece(text, self._clock()))
            case Word(text):
                await self._say(self._joiner.word(text), event.start_s)
            case Pause():
                await self._say(self._joiner.flush())
                await self._outlet.said(event)
            case Ready():
                self._ready.set()
            case MarkerReached():
                self._sender.marker.set()
            case Garbage():
                self._outlet.garbage()
            case _:
                return

    async def _say(self, words: list[str], start_s: float | None = None) -> None:
        for word in words:
            await self._prove()
            await self._outlet.said(Word(word, start_s))

    def _is_old(self) -> bool:
        return self._clock() - self._opened_s >= self._timing.healthy_s

    async def _prove(self) -> None:
        if not self.is_proved:
            self.is_proved = True
            await self._outlet.proved()

    def _failure(self, reason: str) -> SttError:
        """An early end without a word is how a full Modal service says so."""
        early = self._clock() - self._opened_s < self._timing.capacity_s
        if reason == NO_FREE_CHANNEL or (early and not self.is_proved):
            return SttCapacityError(f"the server has no free channel: {reason}")
        return SttUnavailableError(reason)
