# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One client of the simulated services, from the opened socket to its end."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from devkit.stt_garbage import endless_garbage
from devkit.stt_model import Channel
from devkit.stt_record import ConnectionRecord, Faults, Limits
from devkit.stt_timing import NEVER, EndOfSessionError, Habits, Timekeeper
from devkit.stt_wires import JSON_PING, SUBWORD_WIRES, Reply, Session

SEND_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 2.0
SLOW_READING_STEP_S = 0.02
REFUSED_AT_MESSAGE = 2
# Modal's proxy notices only then that the server behind it has no free place

Result = TypeVar("Result")

WITHOUT_CODE = 1005
ABNORMAL_CLOSURE = 1006


class Host(Protocol):
    """What a connection needs of its server."""

    faults: Faults
    limits: Limits

    def changed(self) -> None:
        """Something happened that a test may wait for."""
        ...

    async def work(self, job: Callable[[], Result]) -> Result:
        """Runs the engine, in a thread if it takes long."""
        ...

    async def deliver_due(self) -> None:
        """Sends what this connection's audio made fall due, on any connection."""
        ...


class Connection:
    """Reads one message, lets the session answer, sends the answers, and so on."""

    def __init__(
        self,
        host: Host,
        socket: ServerConnection,
        session: Session,
        channel: Channel,
        record: ConnectionRecord,
    ) -> None:
        self.record = record
        self._host = host
        self._socket = socket
        self._session = session
        self._channel = channel
        self._is_moshi = record.wire == "moshi"
        self._garbage = endless_garbage(packed=self._is_moshi)
        habits = Habits.of(record.wire, host.limits)
        self._time = Timekeeper(habits, time.monotonic())
        record.audio = channel.kept

    async def run(self, refused: bool) -> None:
        """Serves the client until either side ends it; never raises for that."""
        try:
            await (self._refuse() if refused else self._serve())
        except EndOfSessionError as end:
            await self._end(end.why, end.code)
        except (ConnectionClosed, TimeoutError):
            self._ended("client")
        finally:
            self._socket.transport.abort()
            await self._close_record()
            self._host.changed()

    async def close(self, code: int, reason: str) -> None:
        """Closes from the server's side, as a deployment or a limit does."""
        await self._end("server", code, reason)

    def cut(self) -> None:
        """Drops the TCP connection without a word."""
        self._ended("cut")
        self._socket.transport.abort()

    async def send_due(self) -> None:
        """Sends what has fallen due; a client that is going away is no error."""
        try:
            await self._send(self._session.due())
        except EndOfSessionError as end:
            await self._end(end.why, end.code)
        except (ConnectionClosed, TimeoutError):
            self._socket.transport.abort()

    async def _serve(self) -> None:
        await self._send(self._session.opened())
        while True:
            message = await self._next_message()
            replies = await self._answer(message)
            self.record.frames = self._channel.frames
            self.record.audio_s = self._channel.audio_s
            if self._has_fault(lambda faults: faults.garbage or faults.garbled):
                await self._send([Reply(next(self._garbage))])
            if self._has_fault(lambda faults: faults.garbled):
                self.record.withheld += sum(reply.word is not None for reply in replies)
            else:
                await self._send(replies)
            await self._host.deliver_due()
            self.record.answered += 1
            self._end_after_frames()
            self._host.changed()

    async def _answer(self, message: str | bytes) -> list[Reply]:
        return await self._host.work(lambda: self._session.receive(message))

    async def _refuse(self) -> None:
        """No free place: moshi-server says so, Modal's proxy finds out later."""
        await self._send(self._session.refusal())
        if self._is_moshi:
            raise EndOfSessionError("no free place", WITHOUT_CODE)
        for _ in range(REFUSED_AT_MESSAGE):
            await self._next_message()
        raise EndOfSessionError("no free place", self._host.faults.close_code)

    async def _next_message(self) -> str | bytes:
        """The next message; meanwhile pings, and gives up on a silent client."""
        await self._read_slowly()
        faults, number = self._host.faults, self.record.number
        while True:
            next_s = self._time.next_s(faults.limit_of(number))
            wait_s = None if next_s == NEVER else max(0.0, next_s - time.monotonic())
            try:
                async with asyncio.timeout(wait_s):
                    message = await self._socket.recv()
            except TimeoutError:
                if self._time.check(faults.limit_of(number), time.monotonic()):
                    await self._ping()
                continue
            self._time.message(isinstance(message, bytes), time.monotonic())
            self.record.messages += 1
            self.record.bytes += len(message)
            return message

    async def _read_slowly(self) -> None:
        """Waits as long as the fault says now, not as it said when this began."""
        start_s = time.monotonic()
        while self._has_fault(
            lambda faults: time.monotonic() < start_s + faults.read_delay_s
        ):
            try:
                async with asyncio.timeout(SLOW_READING_STEP_S):
                    await self._socket.wait_closed()
            except TimeoutError:
                continue
            return

    async def _ping(self) -> None:
        if not self._is_moshi:
            await self._send([Reply(JSON_PING)])
            return
        async with asyncio.timeout(SEND_TIMEOUT_S):
            pong = await self._socket.ping()
        if isinstance(pong, asyncio.Future):
            pong.add_done_callback(self._heard_pong)

    def _heard_pong(self, pong: "asyncio.Future[float]") -> None:
        if not pong.cancelled() and pong.exception() is None:
            self._time.pong(time.monotonic())

    async def _send(self, replies: list[Reply]) -> None:
        waiting = deque(replies)
        try:
            while waiting:
                await self._send_one(waiting[0])
                waiting.popleft()
        finally:
            lost = [reply.word for reply in waiting if reply.word is not None]
            self.record.unsent += [word.text for word in lost]

    async def _send_one(self, reply: Reply) -> None:
        faults = self._host.faults
        if self._has_fault(lambda faults: faults.frozen):
            self.record.withheld += reply.word is not None
            return
        has_pieces = self.record.wire in SUBWORD_WIRES
        if faults.close_mid_word and reply.word is not None and not has_pieces:
            self._fire_close_mid_word()
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await self._socket.send(reply.data)
        now_s = time.monotonic()
        self._time.said(now_s)
        if reply.word is not None:
            self.record.sent(reply.word, now_s)
        if faults.close_mid_word and reply.goes_on:
            self._fire_close_mid_word()

    def _has_fault(self, fault: Callable[[Faults], bool]) -> bool:
        """Whether a fault is set, and for this connection."""
        faults = self._host.faults
        return faults.concern(self.record.number) and fault(faults)

    def _fire_close_mid_word(self) -> None:
        self._host.faults.close_mid_word = False
        raise EndOfSessionError("closed in a word", self._host.faults.close_code)

    def _end_after_frames(self) -> None:
        limit = self._host.faults.close_after_frames
        if limit is not None and self._channel.frames >= limit:
            self._host.faults.close_after_frames = None
            raise EndOfSessionError("closed after frames", self._host.faults.close_code)

    async def _end(self, why: str, code: int | None, reason: str = "") -> None:
        self._ended(why)
        if code is None:
            self._socket.transport.abort()
            return
        # websockets sends an empty close frame for None, which its types do not tell.
        close_code = cast("int", None) if code == WITHOUT_CODE else code
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(close_code, reason)
        except TimeoutError:
            self._socket.transport.abort()

    def _ended(self, why: str) -> None:
        """Keeps the first reason."""
        self.record.ended_by = self.record.ended_by or why

    async def _close_record(self) -> None:
        lost = await self._host.work(self._channel.close)
        self.record.unsent += [word.text for word in lost]
        self.record.closed_s = time.monotonic()
        self.record.close_code = self._socket.close_code or ABNORMAL_CLOSURE
