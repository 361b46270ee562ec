"""One speaker's logical stream to speech-to-text, over as many connections as needed.

Frames in by `send`, events out by `events`, until `finish`. States:

CONNECTING ──> OPEN ──> DRAINING ──> CLOSED
    ^  │        │ lost                 ^
    │  └> BACKOFF <┘                   │
    └───────┘       FAILED (refused) ──┘
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from signaling.backoff import delays
from signaling.config import SttConfig
from signaling.errors import SttError, SttRefusedError, SttUnavailableError
from signaling.stt.backlog import FRAME_S, Backlog
from signaling.stt.connection import SttConnection
from signaling.stt.events import Closed, StreamFailed, SttEvent, Word
from signaling.stt.wire import Muxer, Wire

logger = logging.getLogger(__name__)

MAX_EVENTS = 1000
FIRST_BACKOFF_S = 1.0
SLOWEST_BACKOFF_S = 60.0
HEALTHY_S = 30.0
"A connection that worked this long proves that the peer is well."
FINISH_CONNECT_S = 2.0
"How long `finish` waits for a connection that is still being made."
MAX_MESSAGE_BYTES = 1024 * 1024
PING_S = 20.0
CLOSE_TIMEOUT_S = 1.0
REFUSALS = {
    401: "wrong credentials: check MODAL_KEY and MODAL_SECRET, or LT_STT_API_KEY",
    403: "no permission: check MODAL_KEY and MODAL_SECRET, or LT_STT_API_KEY",
    404: "nothing there: check LT_STT_URL, or MODAL_WORKSPACE and its host suffix",
}


class StreamState(Enum):
    """Where the stream stands."""

    CONNECTING = "connecting"
    OPEN = "open"
    DRAINING = "draining"
    BACKOFF = "backoff"
    FAILED = "failed"
    CLOSED = "closed"


def _backoff() -> Iterator[float]:
    return delays(FIRST_BACKOFF_S, 2.0, SLOWEST_BACKOFF_S, 0.3, random.random)


class SttStream:
    """Sends one speaker's frames and brings back words.

    `events` is bounded: a consumer that does not take them holds up reading. Audio is
    dropped, oldest first and counted, when no connection takes it for 15 s.
    """

    def __init__(
        self,
        config: SttConfig,
        wire: Wire,
        new_muxer: Callable[[], Muxer],
        *,
        backoff: Callable[[], Iterator[float]] = _backoff,
    ) -> None:
        self._config = config
        self._wire = wire
        self._new_muxer = new_muxer
        self._backoff = backoff
        self._backlog: Backlog[Any] = Backlog()
        self._filled = asyncio.Event()
        self._finishing = asyncio.Event()
        self._done = asyncio.Event()
        self._connected_before = False
        self._said = ("", -1)
        self.events: asyncio.Queue[SttEvent] = asyncio.Queue(MAX_EVENTS)
        self.state = StreamState.CONNECTING
        self.reconnects = 0
        self.words = 0
        self.sent_s = 0.0
        "Seconds of audio that services have taken: what they bill."
        self.last_failure = ""

    @property
    def dropped_frames(self) -> int:
        """Frames that no connection took in time."""
        return self._backlog.dropped

    def send(self, frame: Any) -> None:
        """Queue 80 ms of audio; never waits."""
        self._backlog.put(frame)
        self._filled.set()

    async def finish(self) -> None:
        """No more audio: bring out the last words, close; bounded by about 5 s."""
        self._finishing.set()
        self._filled.set()
        await self._done.wait()

    async def run(self) -> None:
        """Hold connections until `finish` or a final refusal; ends with `Closed`."""
        try:
            await self._hold_connections()
        finally:
            self._done.set()
        if self.state is not StreamState.FAILED:
            self.state = StreamState.CLOSED
        await self.events.put(Closed())

    async def _hold_connections(self) -> None:
        pauses = self._backoff()
        while True:
            self.state = StreamState.CONNECTING
            opened_s, words = time.monotonic(), self.words
            error = await self._hold_connection()
            if error is None and self._finishing.is_set():
                return
            if error is None:
                continue  # renewed before the service's limit
            await self._say_failed(error)
            if isinstance(error, SttRefusedError):
                self.state = StreamState.FAILED
                return
            if self.words > words or time.monotonic() - opened_s > HEALTHY_S:
                pauses = self._backoff()
            self.state = StreamState.BACKOFF
            if await self._finish_comes_within(next(pauses)):
                return

    async def _hold_connection(self) -> SttError | None:
        """One connection; returns what broke it, None if it ended as it should."""
        socket = await self._connect_or_finish()
        if socket is None or isinstance(socket, SttError):
            return socket
        if self._connected_before:
            self.reconnects += 1
        self._connected_before = True
        connection = SttConnection(
            socket, self._wire, self._new_muxer(), self._config.text_style, self._emit
        )
        try:
            return await connection.run(
                self._backlog, self._filled, self._finishing, self._on_state
            )
        finally:
            self.sent_s += connection.sent_frames * FRAME_S

    async def _connect_or_finish(self) -> ClientConnection | SttError | None:
        """Connect; None if `finish` came and the server did not answer soon after."""
        async with asyncio.TaskGroup() as tasks:
            connecting = tasks.create_task(self._connect())
            finishing = tasks.create_task(self._finishing.wait())
            await asyncio.wait(
                {connecting, finishing}, return_when=asyncio.FIRST_COMPLETED
            )
            await asyncio.wait({connecting}, timeout=FINISH_CONNECT_S)
            connecting.cancel()
            finishing.cancel()
        return None if connecting.cancelled() else connecting.result()

    async def _connect(self) -> ClientConnection | SttError:
        """Open a websocket; errors come back as values and hold no URL."""
        try:
            return await connect(
                self._config.url,
                additional_headers=list(self._config.headers),
                compression=None,  # costs much on PCM and gains nothing
                open_timeout=self._config.connect_timeout_s,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                close_timeout=CLOSE_TIMEOUT_S,
                max_size=MAX_MESSAGE_BYTES,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status in REFUSALS:
                return SttRefusedError(f"HTTP {status}, {REFUSALS[status]}")
            return SttUnavailableError(f"HTTP {status} on the handshake")
        except TimeoutError:
            return SttUnavailableError("no answer to the handshake in time")
        except OSError as error:
            return SttUnavailableError(error.strerror or "cannot be reached")
        except WebSocketException as error:
            return SttUnavailableError(type(error).__name__)

    async def _emit(self, event: SttEvent) -> None:
        if isinstance(event, Word):
            self.words += 1
        await self.events.put(event)

    def _on_state(self, draining: bool) -> None:
        self.state = StreamState.DRAINING if draining else StreamState.OPEN

    async def _say_failed(self, error: SttError) -> None:
        """Tell the user once per episode: an episode ends with a word."""
        self.last_failure = str(error)
        if (str(error), self.words) != self._said:
            self._said = (str(error), self.words)
            logger.warning("Speech-to-text: %s", error)
            await self.events.put(StreamFailed(str(error), error.retryable))

    async def _finish_comes_within(self, pause_s: float) -> bool:
        try:
            async with asyncio.timeout(pause_s):
                await self._finishing.wait()
        except TimeoutError:
            return False
        return True
