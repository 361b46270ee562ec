"""Websocket loop around the protocol: connects, resumes, reconnects, says bye."""

import asyncio
import logging
import random
import secrets
import ssl
import time
from collections.abc import Callable, Iterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from signaling.backoff import delays
from signaling.config import HpbConfig
from signaling.errors import HpbError, MessageTooLargeError
from signaling.hpb.guard import HpbGuard
from signaling.hpb.messages import Bye, OutgoingMessage
from signaling.hpb.outbox import Outbox
from signaling.hpb.protocol import (
    Event,
    Joined,
    ReconnectNeeded,
    Refused,
    SignalingProtocol,
)
from signaling.hpb.state import State

logger = logging.getLogger(__name__)

EVENTS = 1000
RESUME_WINDOW_S = 30.0
"How long the HPB keeps a session without a connection."
RESUME_DELAYS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
OPEN_TIMEOUT_S = 10.0
JOIN_TIMEOUT_S = 15.0
"From the open socket to the room; the HPB itself allows 10 s for a join."
PING_S = 20.0
SEND_TIMEOUT_S = 10.0
BYE_TIMEOUT_S = 1.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"Participant lists of large rooms; the HPB has no limit of its own."


def _reconnect_delays() -> Iterator[float]:
    return delays(2.0, 2.0, 60.0, 0.3, random.random)


class HpbClient:
    """One internal client in one room, over as many connections as it takes.

    `events` is bounded: while nobody takes events, nothing more is read.
    """

    def __init__(
        self,
        config: HpbConfig,
        room_token: str,
        guard: HpbGuard,
        *,
        resume_delays_s: tuple[float, ...] = RESUME_DELAYS_S,
        reconnect_delays: Callable[[], Iterator[float]] = _reconnect_delays,
    ) -> None:
        self._config = config
        self._guard = guard
        self._resume_delays_s = resume_delays_s
        self._reconnect_delays = reconnect_delays
        self._protocol = SignalingProtocol(room_token, config.secret, config.backends)
        self._outbox = Outbox()
        self._leaving = asyncio.Event()
        self._joined_since_connect = False
        self._refusal: HpbError | None = None
        self.events: asyncio.Queue[Event] = asyncio.Queue(EVENTS)
        self.reconnects = 0
        "Full reconnects: a new session after an old one was lost."
        self.resumes = 0

    @property
    def connected(self) -> bool:
        """Whether we are in the room now."""
        return self._protocol.state is State.JOINED

    @property
    def dropped(self) -> int:
        """Captions that were given up: too many, or too old when we came back."""
        return self._outbox.dropped

    def send(self, message: OutgoingMessage) -> None:
        """Queue a message; never waits. Sent as soon as we are in the room."""
        self._outbox.put(message, time.monotonic())

    async def leave(self) -> None:
        """Say bye as soon as the queue is empty; `run` returns soon after."""
        self._leaving.set()
        self._outbox.wake()

    async def run(self) -> None:
        """Stay in the room until `leave`; raises the HPB's final refusals."""
        lost_s = float("-inf")
        attempts = self._attempts(lost_s)
        while not self._leaving.is_set():
            blocked = self._guard.blocked(time.monotonic())
            if blocked is not None:
                raise blocked
            self._joined_since_connect = False
            reason = await self._hold_connection()
            if self._refusal is not None:
                raise self._refusal
            if self._protocol.state is State.CLOSED:
                return
            self._protocol.disconnected(reason)
            await self._pass_on_events()
            if self._joined_since_connect:
                logger.warning("Lost the High-Performance Backend: %s", reason)
                attempts = self._attempts(time.monotonic())
            else:
                logger.warning("No High-Performance Backend: %s", reason)
            await self._wait(next(attempts))

    def _attempts(self, lost_s: float) -> Iterator[float]:
        """Pauses: short ones while the session can be resumed, then growing ones."""
        for delay_s in self._resume_delays_s:
            if time.monotonic() + delay_s - lost_s > RESUME_WINDOW_S:
                break
            yield delay_s
        self._protocol.forget_session()
        yield from self._reconnect_delays()

    async def _wait(self, delay_s: float) -> None:
        """Sleep, but not beyond `leave`."""
        try:
            async with asyncio.timeout(delay_s):
                await self._leaving.wait()
        except TimeoutError:
            return

    async def _hold_connection(self) -> str:
        """One connection from its opening to its end; returns why it ended."""
        try:
            async with connect(
                self._config.url,
                ssl=self._ssl(),
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=BYE_TIMEOUT_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
            ) as socket:
                return await self._talk(socket)
        except (OSError, TimeoutError, WebSocketException) as error:
            return _say(error)

    async def _talk(self, socket: ClientConnection) -> str:
        """Hello first, then reading and writing side by side."""
        self._protocol.connected(secrets.token_urlsafe(48))
        await self._write_texts(socket)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._write(socket))
            try:
                return await self._read(socket)
            finally:
                writing.cancel()

    async def _read(self, socket: ClientConnection) -> str:
        """Take messages until the connection is of no more use; returns why."""
        limit_s = asyncio.get_running_loop().time() + JOIN_TIMEOUT_S
        while self._protocol.state is not State.CLOSED:
            joined = self._protocol.state is State.JOINED
            try:
                async with asyncio.timeout_at(None if joined else limit_s):
                    frame = await socket.recv()
            except (ConnectionClosed, TimeoutError) as error:
                return _say(error)
            if isinstance(frame, str):
                self._protocol.receive_text(frame)
            await self._write_texts(socket)
            reason = await self._pass_on_events()
            if reason:
                return reason
        return "we left"

    async def _pass_on_events(self) -> str:
        """Hand events to the user; returns why to reconnect, empty if not to."""
        reason = ""
        for event in self._protocol.events():
            match event:
                case Refused(error):
                    self._refuse(error)
                case ReconnectNeeded(why):
                    reason = why
                case Joined(_, resumed):
                    self._on_joined(resumed)
                    await self.events.put(event)
                case _:
                    await self.events.put(event)
        return reason

    def _on_joined(self, resumed: bool) -> None:
        self._guard.clear()
        self._joined_since_connect = True
        if resumed:
            self.resumes += 1
            logger.info("Back at the High-Performance Backend, nothing lost")
        else:
            # What was asked of sessions of the old connection means nothing now.
            self._outbox.keep_captions_only()
            logger.info("Joined the room")
        self._outbox.wake()

    def _refuse(self, error: HpbError) -> None:
        self._guard.refuse(error, time.monotonic())
        self._refusal = error

    async def _write(self, socket: ClientConnection) -> None:
        """Send what is queued, as long as we are in the room; bye comes last."""
        while True:
            await self._outbox.wait()
            while self.connected:
                message = self._outbox.get(time.monotonic())
                if message is None:
                    break
                try:
                    self._protocol.send(message)
                except MessageTooLargeError:
                    logger.exception("A message was not sent")
                await self._write_texts(socket)
            if self._leaving.is_set():
                await self._say_bye(socket)
                return

    async def _say_bye(self, socket: ClientConnection) -> None:
        if self.connected:
            self._protocol.send(Bye())
            await self._write_texts(socket)
        await socket.close()

    async def _write_texts(self, socket: ClientConnection) -> None:
        for text in self._protocol.texts_to_send():
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await socket.send(text)
            except ConnectionClosed:
                return  # the reader says why
            except TimeoutError:
                socket.transport.abort()  # a peer that takes nothing is gone
                return

    def _ssl(self) -> ssl.SSLContext | None:
        """Certificates are verified unless the operator has said otherwise."""
        if not self._config.url.startswith("wss:"):
            return None
        context = ssl.create_default_context()
        if not self._config.verify_certificate:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _say(error: BaseException) -> str:
    """One line about an error; never the URL, which may hold credentials."""
    if isinstance(error, ConnectionClosed):
        code = error.rcvd.code if error.rcvd is not None else "no close frame"
        return f"connection closed ({code})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
