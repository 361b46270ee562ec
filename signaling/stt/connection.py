# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One websocket of a stream: a sender, a reader, and a close that is bounded."""

import asyncio
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from signaling.errors import SttError, SttUnavailableError
from signaling.stt.backlog import FRAME_S
from signaling.stt.closing import Life, closed, given_up, told
from signaling.stt.ending import comes_within
from signaling.stt.events import (
    Alive,
    Garbage,
    MarkerReached,
    Pause,
    Piece,
    Ready,
    StreamFailed,
    SttEvent,
    Word,
)
from signaling.stt.floor import Floor
from signaling.stt.parts import StreamParts, is_speech
from signaling.stt.reasons import Failure, Renewal
from signaling.stt.sending import Sender
from signaling.stt.text import TextJoiner


class Outlet(Protocol):
    """What a connection tells the stream it belongs to."""

    def opened(self) -> None:
        """The server would take audio."""

    async def taking(self) -> None:
        """Audio goes to this connection from now on."""

    async def proved(self) -> None:
        """The server works: it gave a word, or stayed for long. Said once."""

    async def said(self, event: Word | Pause) -> None:
        """Something for the stream's user."""

    def frame_sent(self) -> None:
        """80 ms of audio are with the server."""

    def replayed(self, frames: int) -> None:
        """So much goes to another connection once more."""

    def draining(self) -> None:
        """No more audio comes at all; the last words come in."""

    def garbage(self) -> None:
        """A message was not of the wire."""


class SttConnection:
    """Owns an open socket until it is closed."""

    def __init__(
        self,
        socket: ClientConnection,
        parts: StreamParts,
        floor: Floor,
        outlet: Outlet,
    ) -> None:
        self._socket = socket
        self._parts = parts
        self._floor = floor
        self._outlet = outlet
        self._timing = parts.timing
        self._clock = parts.clock
        self._decoder = parts.wire.new_decoder()
        self._joiner = TextJoiner(parts.config.text_style)
        self._sender = Sender(socket, parts, floor)
        self._ready = asyncio.Event()
        self._opened_s = self._clock()
        self.is_proved = False
        self.unanswered_frames = 0
        "Frames of speech that were sent since the last word."
        self._is_draining = False
        self._is_given_up = False
        self._complaint: SttError | None = None
        "Why we gave the server up."

    async def run(self) -> SttError | None:
        """Send and receive; returns what broke it, None after a proper end.

        A proper end is that the stream is finished, or that the floor was left.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read())
                writing = tasks.create_task(self._write())
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
        if self._is_given_up:
            self._socket.transport.abort()  # the heir's words wait for our end
            return
        try:
            async with asyncio.timeout(self._timing.close_s):
                await self._socket.close()
        except TimeoutError:
            self._socket.transport.abort()

    async def _write(self) -> None:
        """Wait for the floor, send until it is left, then bring out the last words."""
        try:
            await self._wait_ready()
            self._outlet.opened()
            await self._sender.begin()
            await self._sender.keep_warm()
            await self._outlet.taking()
            leaves = await self._sender.send_audio(self._on_frame)
            self._is_draining = True
            await self._drain(leaves)
        except SttUnavailableError as error:
            self._complaint = error
        except ConnectionClosed:
            return  # the reader knows why

    async def _drain(self, leaves: bool) -> None:
        """The tail; bounded, for the words of the next connection wait behind it."""
        if leaves and self._is_mute():
            self._give_up()
            return
        if leaves:
            self._parts.backlog.release()
            self._floor.leave()
        else:
            self._outlet.draining()
        try:
            async with asyncio.timeout(self._timing.drain_s):
                if leaves:
                    await self._sender.send_silence()
                await self._sender.bring_out_last_words()
        except TimeoutError:
            return

    def _is_mute(self) -> bool:
        return self._floor.wanted is not None and self._floor.wanted.is_mute

    def _give_up(self) -> None:
        """No word came for what was sent last: it goes to the heir once more.

        Nothing that might still come from here is said, or words would come twice.
        """
        self._is_given_up = True
        self._outlet.replayed(self._parts.backlog.replay(is_speech))
        self.unanswered_frames = 0
        self._floor.leave()

    def _on_frame(self, is_speech: bool) -> None:
        self._outlet.frame_sent()
        if not is_speech:
            return
        self.unanswered_frames += 1
        if self._parts.watchdogs.freeze.add(FRAME_S):
            self._floor.want(Renewal.FREEZE)

    async def _wait_ready(self) -> None:
        if not self._parts.wire.waits_for_ready:
            return
        within_s = self._timing.ready_s
        if not await comes_within(self._ready, within_s):
            text = f"the server was not ready within {within_s:g} s"
            raise SttUnavailableError(text, Failure.NOT_READY)

    async def _read(self) -> SttError:
        """Take messages until the connection ends; returns why it did."""
        try:
            while True:
                data = await self._receive()
                for event in [] if data is None else self._decoder.decode(data):
                    if isinstance(event, StreamFailed):
                        await self._say(self._joiner.flush())
                        return told(event.reason, self._life())
                    await self._take(event)
        except ConnectionClosed as error:
            # A word cut short by the end of the connection is still a word.
            await self._say(self._joiner.flush())
            return self._why_closed(error)

    def _why_closed(self, error: ConnectionClosed) -> SttError:
        """Who closed first says why: the library does if the peer breaks a rule."""
        if error.sent is not None and not error.rcvd_then_sent:
            return given_up(error.sent.code)
        return closed(None if error.rcvd is None else error.rcvd.code, self._life())

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
        if isinstance(event, Garbage):
            self._on_garbage()
            return
        self._parts.watchdogs.garbage.relax(1)
        match event:
            case Piece(text):
                await self._say(self._joiner.piece(text, self._clock()))
            case Word(text):
                await self._say(self._joiner.word(text), event.start_s)
            case Pause():
                self._sender.pauses.paused(self._clock())
                await self._say(self._joiner.flush())
                await self._floor.turn()
                await self._outlet.said(event)
            case Ready():
                self._ready.set()
            case MarkerReached():
                self._sender.marker.set()
            case Alive(waiting_s):
                self._sender.server_holds_s = waiting_s
            case _:
                return

    def _on_garbage(self) -> None:
        self._outlet.garbage()
        if self._parts.watchdogs.garbage.add(1):
            self._floor.want(Renewal.GARBAGE)

    async def _say(self, words: list[str], start_s: float | None = None) -> None:
        for word in [] if self._is_given_up else words:
            if any(map(str.isalnum, word)):
                self._on_word()
            await self._prove()
            await self._floor.turn()
            await self._outlet.said(Word(word, start_s))

    def _on_word(self) -> None:
        """Nothing but a real word shows that speech is recognised."""
        self._parts.watchdogs.word()
        self._floor.withdraw()
        self._sender.pauses.word(self._clock())
        self.unanswered_frames = 0
        if self._floor.is_held:
            self._parts.backlog.answered()

    def _is_old(self) -> bool:
        return self._clock() - self._opened_s >= self._timing.healthy_s

    def _life(self) -> Life:
        age_s = self._clock() - self._opened_s
        return Life(self.is_proved, is_young=age_s < self._timing.capacity_s)

    async def _prove(self) -> None:
        if not self.is_proved:
            self.is_proved = True
            await self._outlet.proved()
