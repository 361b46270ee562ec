# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A speech-to-text server that does what a test tells it, on a real socket.

It writes JSON and MessagePack itself and shares nothing with `signaling`.
"""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import count
from typing import Any

import msgpack
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from signaling.config import SttConfig
from signaling.stt.events import Closed, SttEvent, Word
from signaling.stt.stream import SttStream
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import Muxer, Wire
from signaling.stt.wires import WIRES

SECRET = "wonderful-secret"
QUICK = StreamTiming(
    ready_s=0.3,
    send_s=0.3,
    capacity_s=0.15,
    healthy_s=5.0,
    silence_s=0.24,
    last_words_s=0.2,
    marker_s=0.5,
    after_marker_s=0.01,
    close_s=0.3,
    finish_connect_s=0.3,
    finish_s=1.5,
)


def token(text: str) -> str:
    """A word or a piece as the Modal services send it."""
    return json.dumps({"type": "token", "text": text})


def packed(kind: str, **fields: Any) -> bytes:
    """A message of moshi-server."""
    message: bytes = msgpack.packb({"type": kind} | fields)
    return message


@dataclass(slots=True)
class Peer:
    """One connection as the server sees it."""

    socket: ServerConnection
    changed: asyncio.Event
    messages: list[bytes | str] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    async def receive(self, number: int = 1) -> list[bytes | str]:
        """Take so many messages; raises ConnectionClosed."""
        taken = []
        for _ in range(number):
            taken.append(await self.socket.recv())
            self.messages.append(taken[-1])
            self.times_s.append(time.monotonic())
            self.changed.set()
        return taken

    async def until_closed(self) -> None:
        """Take messages as long as there are any."""
        while True:
            await self.receive()

    def shrink_buffer(self) -> None:
        """Let a client feel soon that nobody reads; buffers hold megabytes else."""
        connection = self.socket.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    async def say(self, *messages: bytes | str) -> None:
        """Send messages."""
        for message in messages:
            await self.socket.send(message)


Script = Callable[[Peer], Awaitable[None]]
Answer = Callable[[Request], Awaitable[Response | None]]


@dataclass(slots=True)
class SttServer:
    """Plays one script per connection, the last one again and again."""

    scripts: tuple[Script, ...]
    peers: list[Peer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    async def serve_one(self, connection: ServerConnection) -> None:
        """Play the script whose turn it is."""
        peer = Peer(connection, self.changed)
        self.peers.append(peer)
        self.changed.set()
        script = self.scripts[min(len(self.peers), len(self.scripts)) - 1]
        try:
            await script(peer)
        except ConnectionClosed:
            return

    def config(self, wire: str = "modal-pcm", **fields: Any) -> SttConfig:
        """Configuration that leads here, with credentials in every place."""
        config = SttConfig(
            url=f"ws://user:{SECRET}@127.0.0.1:{self.port}/v1/stream?auth_id={SECRET}",
            wire=wire,
            headers=(("Modal-Key", "key"), ("Modal-Secret", SECRET)),
            connect_timeout_s=1.0,
        )
        return replace(config, **fields)

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait for something to be so; looked at whenever anything arrives here."""
        while not predicate():
            self.changed.clear()
            await self.changed.wait()

    async def connections(self, number: int) -> None:
        """Wait until so many connections were opened."""
        await self.until(lambda: len(self.peers) >= number)


@asynccontextmanager
async def stt_server(
    *scripts: Script, answer: Answer | None = None
) -> AsyncIterator[SttServer]:
    """Serve on a free port of localhost; afterwards no task may be left."""
    before = asyncio.all_tasks()
    stt = SttServer(scripts)

    async def process_request(_: ServerConnection, request: Request) -> Response | None:
        stt.requests.append(request)
        stt.changed.set()
        return await answer(request) if answer is not None else None

    server: Server = await serve(
        stt.serve_one,
        "127.0.0.1",
        0,
        process_request=process_request,
        close_timeout=0.2,
        max_queue=4,
    )
    stt.port = next(iter(server.sockets)).getsockname()[1]
    try:
        yield stt
    finally:
        for peer in stt.peers:
            peer.socket.transport.abort()
        server.close()
        await server.wait_closed()
    assert asyncio.all_tasks() == before


def status(code: int, **headers: str) -> Answer:
    """Answers every handshake with this HTTP status."""

    async def answer(_: Request) -> Response:
        fields = Headers({"Content-Length": "2", "Connection": "close"} | headers)
        return Response(code, HTTPStatus(code).phrase, fields, b"no")

    return answer


class NumberedMuxer:
    """Frames are numbers; each message says on which connection it was made."""

    made = count(1)

    def __init__(self) -> None:
        self.name = f"m{next(self.made)}"

    def start(self) -> list[bytes]:
        """Two header pages."""
        return [f"{self.name} head".encode(), f"{self.name} tags".encode()]

    def frame(self, frame: Any) -> bytes:
        """One page."""
        return f"{self.name} {frame}".encode()

    def end(self) -> list[bytes]:
        """A last page."""
        return [f"{self.name} end".encode()]


class PlainMuxer:
    """Frames are bytes already."""

    def start(self) -> list[bytes]:
        """Nothing."""
        return []

    def frame(self, frame: Any) -> bytes:
        """As it is."""
        data: bytes = frame
        return data

    def end(self) -> list[bytes]:
        """Nothing."""
        return []


def parts(messages: list[bytes | str]) -> list[str]:
    """What a `NumberedMuxer` put in, its name left out."""
    texts = [m.decode() if isinstance(m, bytes) else m for m in messages]
    return [text.partition(" ")[2] for text in texts]


def frames(messages: list[bytes | str]) -> list[int]:
    """Numbers of the frames among the messages."""
    return [int(part) for part in parts(messages) if part.isdecimal()]


def quick_backoff(first_s: float) -> Iterator[float]:
    """Pauses a hundred times shorter than they are."""
    while True:
        yield first_s / 100


@asynccontextmanager
async def running(
    config: SttConfig,
    *,
    wire: Wire | None = None,
    new_muxer: Callable[[], Muxer] = NumberedMuxer,
    **options: Any,
) -> AsyncIterator[SttStream]:
    """A stream under way; it has to end by itself when the block ends."""
    defaults: dict[str, Any] = {"timing": QUICK, "backoff": quick_backoff}
    stream = SttStream(
        config, wire or WIRES[config.wire], new_muxer, **(defaults | options)
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stream.run())
        yield stream
        await stream.finish()


async def rest(stream: SttStream) -> list[SttEvent]:
    """All events until the stream is closed."""
    events: list[SttEvent] = []
    while Closed() not in events:
        events.append(await stream.events.get())
    return events


async def next_of(stream: SttStream, kind: type[SttEvent]) -> SttEvent:
    """The next event of a kind; others are passed over."""
    while not isinstance(event := await stream.events.get(), kind):
        continue
    return event


def texts(events: list[SttEvent]) -> list[str]:
    """The words among the events."""
    return [event.text for event in events if isinstance(event, Word)]
