# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Websocket loop around the protocol: connects, resumes, reconnects, says bye."""

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Callable, Iterator

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from signaling.backoff import delays
from signaling.config import HpbConfig
from signaling.errors import HpbError, HpbUnfitError, MessageTooLargeError
from signaling.hpb import websocket
from signaling.hpb.events import Event, Joined, Noticed, ReconnectNeeded, Refused
from signaling.hpb.guard import HpbGuard
from signaling.hpb.messages import Bye, OutgoingMessage
from signaling.hpb.outbox import Outbox
from signaling.hpb.protocol import SignalingProtocol
from signaling.hpb.schedule import RESUME_DELAYS_S, ReconnectSchedule
from signaling.hpb.state import State
from signaling.hpb.websocket import Timing

logger = logging.getLogger(__name__)

EVENTS = 1000


def _reconnect_delays() -> Iterator[float]:
    return delays(2.0, 2.0, 60.0, 0.3, random.random)


def _admission_delays() -> Iterator[float]:
    return delays(0.02, 2.0, 1.0, 0.1, random.random)


class HpbClient:
    """One internal client in one room, over as many connections as it takes.

    `events` is bounded: while nobody takes events, nothing more is read. It brings
    all events but `Refused`, which `run` raises, `ReconnectNeeded`, which is settled
    here, and `Noticed`, which is logged.
    """

    def __init__(
        self,
        config: HpbConfig,
        room_token: str,
        guard: HpbGuard,
        *,
        resume_delays_s: tuple[float, ...] = RESUME_DELAYS_S,
        reconnect_delays: Callable[[], Iterator[float]] = _reconnect_delays,
        timing: Timing | None = None,
    ) -> None:
        self._config = config
        self._guard = guard
        self._timing = timing or Timing()
        self._schedule = ReconnectSchedule(resume_delays_s, reconnect_delays)
        self._protocol = SignalingProtocol(room_token, config.secret, config.backends)
        self.outbox = Outbox()
        "What waits to be sent, and what was given up."
        self._wake = asyncio.Event()
        "Something waits in the outbox, or the writer should look at the state."
        self._leaving = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._socket: ClientConnection | None = None
        self._refusal: HpbError | None = None
        self._reconnect: ReconnectNeeded | None = None
        self._joins = 0
        self._outage = False
        self.events: asyncio.Queue[Event] = asyncio.Queue(EVENTS)
        self.reconnects = 0
        "Full reconnects: a new session after an old one was lost."
        self.resumes = 0
        self.binary_frames = 0
        "Frames that were ignored: the HPB speaks in text."

    @property
    def connected(self) -> bool:
        """Whether we are in the room now."""
        return self._protocol.state is State.JOINED

    def send(self, message: OutgoingMessage) -> None:
        """Queue a message; never waits. Sent as soon as we are in the room."""
        self.outbox.put(message, time.monotonic())
        self._wake.set()

    async def leave(self) -> None:
        """Send what is queued, say bye and close, all within `leave_s`; ends `run`."""
        self._leaving.set()
        self._wake.set()
        await self._ended.wait()

    async def run(self) -> None:
        """Stay in the room until `leave`; raises the HPB's refusals (`HpbError`)."""
        self._ended.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                staying = tasks.create_task(self._stay())
                cutting = tasks.create_task(self._cut_off(staying))
                await asyncio.wait([staying])
                cutting.cancel()
        finally:
            self._guard.release(self)
            self._ended.set()
        if self._refusal is not None:
            raise self._refusal

    async def _cut_off(self, staying: asyncio.Task[None]) -> None:
        """End what is still going on when the time for leaving is over."""
        await self._leaving.wait()
        if self._socket is not None:
            await asyncio.sleep(self._timing.leave_s)
        staying.cancel()

    # --- From connection to connection --------------------------------------------

    async def _stay(self) -> None:
        tls = websocket.tls_context(self._config)
        while await self._admitted():
            self._reconnect = None
            try:
                socket = await websocket.open_websocket(self._config, tls, self._timing)
                reason = await self._hold(socket)
            except websocket.FAILURES as error:
                reason = websocket.say_why(error)
            self._guard.release(self)
            if self._protocol.state is State.CLOSED:
                return
            await self._lose(reason)

    async def _admitted(self) -> bool:
        """Wait for the guard's permission to say hello; False if there will be none."""
        if not self._schedule.can_resume(time.monotonic()):
            self._protocol.forget_session()
        if self._protocol.has_resume_id:
            return True  # resuming needs no permission
        pauses = _admission_delays()
        while not self._guard.admit(self, time.monotonic()):
            self._refusal = self._guard.blocked(time.monotonic())
            if self._refusal is not None:
                return False
            await asyncio.sleep(next(pauses))
        return True

    async def _lose(self, reason: str) -> None:
        """Tell once that the connection is gone, and pause before the next one."""
        had_session = self._protocol.state in (State.JOINING, State.JOINED)
        self._schedule.lost(time.monotonic(), had_session)
        if had_session:
            self._guard.doubt()
        self._protocol.disconnected(reason)
        level = logging.DEBUG if self._outage else logging.WARNING
        what = "Lost the" if had_session else "No"
        logger.log(level, "%s connection to the HPB: %s", what, reason)
        self._outage = True
        for event in self._protocol.events():
            await self.events.put(event)
        if self._reconnect is None or not self._reconnect.at_once:
            await asyncio.sleep(self._schedule.pause_s(self._protocol.has_resume_id))

    # --- One connection -----------------------------------------------------------

    async def _hold(self, socket: ClientConnection) -> str:
        """Use an open socket until its end; returns why it ended."""
        self._socket = socket
        try:
            may_hello = self._guard.admit(self, time.monotonic())
            if not may_hello and not self._protocol.has_resume_id:
                return "another call's hello has to come first"
            return await self._talk(socket, may_hello)
        except asyncio.CancelledError:
            socket.transport.abort()  # no time for a closing handshake
            raise
        finally:
            self._socket = None
            await websocket.close_websocket(socket, self._timing)

    async def _talk(self, socket: ClientConnection, may_hello: bool) -> str:
        """Hello first, then reading and writing side by side."""
        if self._guard.good_backend:
            self._protocol.good_backend = self._guard.good_backend
        self._protocol.connected(secrets.token_urlsafe(48), may_hello=may_hello)
        await self._send_texts(socket)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write(socket))
            try:
                return await self._read(socket)
            finally:
                writing.cancel()

    async def _read(self, socket: ClientConnection) -> str:
        """Take messages until the connection is of no more use; returns why."""
        loop = asyncio.get_running_loop()
        state: State | None = None
        deadline_s: float | None = None
        while self._protocol.state is not State.CLOSED and self._reconnect is None:
            if self._protocol.state is not state:
                state = self._protocol.state
                limit_s = self._timing.limit_s(state)
                deadline_s = None if limit_s is None else loop.time() + limit_s
            try:
                async with asyncio.timeout_at(deadline_s):
                    frame = await socket.recv()
            except (ConnectionClosed, TimeoutError) as error:
                return websocket.say_why(error)
            if isinstance(frame, str):
                await self._take(frame, socket)
            else:
                self.binary_frames += 1
        return "we left" if self._reconnect is None else self._reconnect.reason

    async def _take(self, text: str, socket: ClientConnection) -> None:
        """One message: settle what is ours before anybody else gets to run."""
        self._protocol.receive_text(text)
        told = [event for event in self._protocol.events() if not self._settle(event)]
        await self._send_texts(socket)
        for event in told:
            await self.events.put(event)

    def _settle(self, event: Event) -> bool:
        """React to an event; True if it is of no concern to the user."""
        match event:
            case Refused(error):
                self._refusal = error
                if not isinstance(error, HpbUnfitError):
                    self._guard.refuse(error, time.monotonic())
            case ReconnectNeeded():
                self._reconnect = event
            case Noticed(what):
                logger.debug("HPB: %s", what)
            case Joined(_, resumed):
                self._on_joined(resumed)
                return False
            case _:
                return False
        return True

    def _on_joined(self, resumed: bool) -> None:
        self._schedule.joined(time.monotonic())
        self._joins += 1
        if resumed:
            self.resumes += 1
            self._guard.release(self)
        else:
            self.reconnects += self._joins > 1
            self._guard.worked(self._protocol.good_backend)
            # What was asked of the sessions we knew before means nothing now.
            self.outbox.discard_control()
        if self._joins == 1:
            logger.info("Joined the room")
        else:
            how = "session resumed" if resumed else "new session"
            logger.info("Back at the HPB: %s", how)
        self._outage = False
        self._wake.set()

    # --- Writing ------------------------------------------------------------------

    async def _write(self, socket: ClientConnection) -> None:
        """Send what is queued while we are in the room; when leaving, bye comes last."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.connected:
                entry = self.outbox.get(time.monotonic())
                if entry is None:
                    break
                try:
                    self._protocol.send(entry[0])
                except MessageTooLargeError:
                    logger.exception("A message was not sent")
                if not await self._send_texts(socket):
                    self.outbox.put_back(*entry)
                    return
            in_session = self._protocol.state in (State.JOINING, State.JOINED)
            if self._leaving.is_set() and in_session:
                self._protocol.send(Bye())
                await self._send_texts(socket)
                await socket.close()
                return

    async def _send_texts(self, socket: ClientConnection) -> bool:
        """Write what the protocol wants written; False if the connection is gone."""
        for text in self._protocol.texts_to_send():
            if not await websocket.send_text(socket, text, self._timing):
                return False
        return True
