# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A speech-to-text server on this machine that speaks the wires of the Kyutai services.

One server speaks Modal's path, on the wire it is told, and that of moshi-server. Behind
it works any engine. It can be told to fail in the ways the real services do, and keeps
a record of each connection.
"""

import asyncio
import hmac
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from devkit.engine import Engine
from devkit.stt_connection import Connection
from devkit.stt_model import Channel, StepClock
from devkit.stt_record import (
    ConnectionRecord,
    Credentials,
    Faults,
    Limits,
    RefusedHandshake,
)
from devkit.stt_wires import STREAM_WIRES, StreamWire, new_session

Result = TypeVar("Result")

STREAM_PATH = "/v1/stream"
MOSHI_PATH = "/api/asr-streaming"
HOST = "127.0.0.1"
ENGINE_THREADS = 2
MAXIMUM_MESSAGE_BYTES = 16 * 1024 * 1024


class SttServer:
    """Used as `async with`; listens while the block runs and ends all it started.

    `stream_wire` is what Modal's path speaks: modal-pcm, modal-pcm-subword (the
    Python server that came in between) or modal-opus. `delay_s` is the audio a word
    waits for after its end. Raises ValueError for an unknown wire.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        stream_wire: StreamWire = "modal-pcm",
        delay_s: float = 0.5,
        limits: Limits | None = None,
        credentials: Credentials | None = None,
        max_streams: int = 64,
        keep_audio: bool = False,
        port: int = 0,
        receive_buffer_bytes: int | None = None,
    ) -> None:
        if stream_wire not in STREAM_WIRES:
            raise ValueError(f"no such wire: {stream_wire}")
        self.engine = engine
        self.stream_wire = stream_wire
        self.delay_s = delay_s
        self.limits = limits or Limits()
        self.credentials = credentials or Credentials()
        self.max_streams = max_streams
        self.keep_audio = keep_audio
        self.faults = Faults()
        self.records: list[ConnectionRecord] = []
        # in order of opening, the ended ones included
        self.refused: list[RefusedHandshake] = []
        self.handshakes = 0
        # begun, whatever became of them
        self._port = port
        self._receive_buffer_bytes = receive_buffer_bytes
        self._clock = StepClock()
        self._connections: list[Connection] = []
        self._closing = asyncio.Event()
        self._change = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._threads = ThreadPoolExecutor(ENGINE_THREADS, "stt-engine")
        self._server = await self._listen()
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.close()
        await self._server.wait_closed()
        self._threads.shutdown()

    @property
    def stream_url(self) -> str:
        """Modal's path, which speaks `stream_wire`."""
        return f"ws://{HOST}:{self._port}{STREAM_PATH}"

    @property
    def moshi_url(self) -> str:
        """The path of moshi-server."""
        return f"ws://{HOST}:{self._port}{MOSHI_PATH}"

    @property
    def open_records(self) -> list[ConnectionRecord]:
        """The connections that are open now."""
        return [record for record in self.records if record.is_open]

    @property
    def words(self) -> list[str]:
        """The words sent on all connections, in order of sending."""
        sent = [word for record in self.records for word in record.words]
        return [word.text for word in sorted(sent, key=lambda word: word.sent_s)]

    async def close_connections(self, code: int = 1011, reason: str = "") -> None:
        """Closes all connections properly, as a deployment does."""
        for connection in list(self._connections):
            await connection.close(code, reason)

    def cut(self) -> None:
        """Drops the TCP connection of every client."""
        for connection in list(self._connections):
            connection.cut()

    async def wait_until(
        self, predicate: Callable[[], bool], timeout_s: float = 5.0
    ) -> None:
        """Waits until it holds; looked at after all that happens on the server.

        Raises TimeoutError.
        """
        async with asyncio.timeout(timeout_s):
            while not predicate():
                self._change.clear()
                await self._change.wait()

    def changed(self) -> None:
        """Something happened that a test may wait for."""
        self._change.set()

    async def work(self, job: Callable[[], Result]) -> Result:
        """Runs the engine, in a thread if it takes long."""
        if not self.engine.blocking:
            return job()
        return await asyncio.get_running_loop().run_in_executor(self._threads, job)

    async def deliver_due(self) -> None:
        """Sends the markers that the latest steps have reached, to whom they belong."""
        if self._clock.has_due():
            for connection in list(self._connections):
                await connection.send_due()

    async def _listen(self) -> Server:
        listener = socket.create_server((HOST, self._port))
        if self._receive_buffer_bytes is not None:
            size = self._receive_buffer_bytes
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        return await serve(
            self._serve,
            sock=listener,
            process_request=self._admit,
            compression=None,
            open_timeout=None,
            ping_interval=None,
            close_timeout=1,
            max_size=MAXIMUM_MESSAGE_BYTES,
            server_header=None,
        )

    async def _serve(self, client: ServerConnection) -> None:
        request = client.request
        if request is None:
            return
        path = urlsplit(request.path).path
        wire = "moshi" if path == MOSHI_PATH else self.stream_wire
        record = ConnectionRecord(
            len(self.records), wire, path, _header_names(request), time.monotonic()
        )
        refused = self._takes_no_more()
        self.records.append(record)
        channel = Channel(self.engine, self._clock, self.delay_s, self.keep_audio)
        session = new_session(wire, channel, self.limits)
        connection = Connection(self, client, session, channel, record)
        self._connections.append(connection)
        self.changed()
        try:
            await connection.run(refused)
        finally:
            self._connections.remove(connection)

    def _takes_no_more(self) -> bool:
        if self.faults.refuse_next > 0:
            self.faults.refuse_next -= 1
            return True
        return len(self._connections) >= self.max_streams

    async def _admit(
        self, client: ServerConnection, request: Request
    ) -> Response | None:
        """The handshake: cold start, then path and credentials."""
        self.handshakes += 1
        self.changed()
        await self._start_up()
        status = self._status(request)
        if status is None:
            return None
        names = _header_names(request)
        path = urlsplit(request.path).path
        self.refused.append(RefusedHandshake(path, status, names, time.monotonic()))
        self.changed()
        return client.respond(HTTPStatus(status), "")

    async def _start_up(self) -> None:
        """A container that starts; given up when the server ends."""
        try:
            async with asyncio.timeout(self.faults.handshake_delay_s):
                await self._closing.wait()
        except TimeoutError:
            return

    def _status(self, request: Request) -> int | None:
        if self._closing.is_set():
            return HTTPStatus.SERVICE_UNAVAILABLE
        if self.faults.handshake_status is not None:
            return self.faults.handshake_status
        url = urlsplit(request.path)
        headers = request.headers
        if url.path == STREAM_PATH:
            key = headers.get("Modal-Key", "")
            secret = headers.get("Modal-Secret", "")
            known = _same(key, self.credentials.modal_key)
            known = _same(secret, self.credentials.modal_secret) and known
        elif url.path == MOSHI_PATH:
            in_query = parse_qs(url.query).get("auth_id", [""])[0]
            known = _same(
                headers.get("kyutai-api-key", in_query), self.credentials.api_key
            )
        else:
            return HTTPStatus.NOT_FOUND
        return None if known else HTTPStatus.UNAUTHORIZED


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _header_names(request: Request) -> frozenset[str]:
    return frozenset(name.lower() for name in request.headers)
