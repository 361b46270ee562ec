# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A stream against a real server: words once and in order, whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from devkit.stt_record import Credentials
from devkit.tones import spoken_words
from signaling.audio.ogg import PlainMuxer
from signaling.audio.packet import Frame
from signaling.config import SttConfig
from signaling.stt.events import Closed, StreamFailed, SttEvent, Word
from signaling.stt.state import StreamState
from signaling.stt.stream import SttStream
from signaling.stt.wires import WIRES

FRAME_BYTES = 7680


def frames(first: int, last: int, silence: int = 20) -> list[Frame]:
    """Numbers spoken, and silence behind them, in frames of 80 ms."""
    samples = spoken_words(0, range(first, last + 1), 24_000)
    samples = np.concatenate((samples, np.zeros(1920 * silence, dtype=np.float32)))
    data = samples.astype("<f4").tobytes()
    return [
        Frame((data[i : i + FRAME_BYTES],), 3840, 0.0)
        for i in range(0, len(data) - FRAME_BYTES + 1, FRAME_BYTES)
    ]


def quick(first_s: float) -> Iterator[float]:
    """Backoff without waiting."""
    while True:
        yield 0.01


@pytest.fixture
async def server() -> AsyncIterator[SttServer]:
    """A server that counts what it hears."""
    async with SttServer(NumberedEngine(), credentials=Credentials("", "")) as server:
        yield server


def new_stream(
    server: SttServer, wire: str = "modal-pcm", **config: float
) -> SttStream:
    """A stream to the server."""
    moshi = wire == "moshi"
    url = server.moshi_url if moshi else server.stream_url
    headers = (("kyutai-api-key", "public_token"),) if moshi else ()
    settings = SttConfig(url, wire, headers=headers, **config)  # type: ignore[arg-type]
    return SttStream(settings, WIRES[wire], PlainMuxer, backoff=quick)


@asynccontextmanager
async def running(stream: SttStream) -> AsyncIterator[SttStream]:
    """Run a stream; it must have ended by itself at the end."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stream.run())
        yield stream
        await stream.finish()


def events(stream: SttStream) -> list[SttEvent]:
    """All events so far."""
    return [stream.events.get_nowait() for _ in range(stream.events.qsize())]


def words(all_events: list[SttEvent]) -> list[str]:
    """The words among them."""
    return [event.text for event in all_events if isinstance(event, Word)]


def counted(first: int, last: int) -> list[str]:
    """What the engine says to numbers."""
    return [f"w{number}" for number in range(first, last + 1)]


@pytest.mark.parametrize("wire", ["modal-pcm", "moshi"])
async def test_words_once_and_in_order_with_the_last_ones(
    server: SttServer, wire: str
) -> None:
    """`finish` brings out what is still in the model."""
    async with running(new_stream(server, wire)) as stream:
        for frame in frames(1, 10):
            stream.send(frame)
    seen = events(stream)
    assert words(seen) == counted(1, 10)
    assert seen[-1] == Closed()
    assert stream.state is StreamState.CLOSED
    assert (stream.words, stream.reconnects, stream.dropped_frames) == (10, 0, 0)
    assert stream.sent_s == pytest.approx(len(frames(1, 10)) * 0.08)
    assert server.records[0].close_code == 1000


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_refusal_is_final(server: SttServer, status: int) -> None:
    """No loop of retries against wrong credentials or a wrong address."""
    server.faults.handshake_status = status
    async with running(new_stream(server)) as stream:
        await server.wait_until(lambda: server.handshakes >= 1)
    failed, closed = events(stream)
    assert isinstance(failed, StreamFailed)
    assert not failed.retryable
    assert str(status) in failed.reason
    assert closed == Closed()
    assert stream.state is StreamState.FAILED
    assert server.handshakes == 1


async def test_unavailable_server_is_tried_again(server: SttServer) -> None:
    """Audio waits; one line per episode."""
    server.faults.handshake_status = 503
    async with running(new_stream(server)) as stream:
        for frame in frames(1, 5):
            stream.send(frame)
        await server.wait_until(lambda: server.handshakes >= 3)
        server.faults.handshake_status = None
        await server.wait_until(lambda: len(server.words) == 5)
    seen = events(stream)
    assert words(seen) == counted(1, 5)
    assert sum(isinstance(event, StreamFailed) for event in seen) == 1


async def test_no_free_channel_is_tried_again(server: SttServer) -> None:
    """Accepted and closed at once does not count as success."""
    server.faults.refuse_next = 1
    async with running(new_stream(server)) as stream:
        for frame in frames(1, 3):
            stream.send(frame)
        await server.wait_until(lambda: len(server.records) == 2)
    failures = [e for e in events(stream) if isinstance(e, StreamFailed)]
    assert "no free channel" in failures[0].reason
    assert failures[0].retryable
    assert stream.reconnects == 1


async def test_lost_connection_repeats_no_word(server: SttServer) -> None:
    """What was sent is not sent again; what was not sent goes to the next one."""
    async with running(new_stream(server)) as stream:
        for frame in frames(1, 10):
            stream.send(frame)
        await server.wait_until(lambda: len(server.words) >= 3)
        server.cut()
        await server.wait_until(
            lambda: len(server.open_records) == 1 and len(server.records) == 2
        )
        for frame in frames(11, 15):
            stream.send(frame)
    heard = [int(word[1:]) for word in words(events(stream))]
    assert heard == sorted(set(heard))
    assert heard[-5:] == [11, 12, 13, 14, 15]
    assert stream.reconnects == 1


async def test_cold_start_keeps_the_newest_audio(server: SttServer) -> None:
    """Fifteen seconds wait; older audio is dropped and counted."""
    server.faults.handshake_delay_s = 0.3
    spoken = frames(1, 60)
    async with running(new_stream(server)) as stream:
        for frame in spoken:
            stream.send(frame)
        await server.wait_until(lambda: bool(server.records))
    assert stream.dropped_frames == len(spoken) - 188
    heard = words(events(stream))
    assert heard == counted(61 - len(heard), 60)


async def test_handshake_that_takes_too_long(server: SttServer) -> None:
    """It is given up and tried again."""
    server.faults.handshake_delay_s = 5.0
    async with running(new_stream(server, connect_timeout_s=0.1)) as stream:
        await server.wait_until(lambda: server.handshakes >= 2)
    assert "in time" in stream.last_failure


async def test_finish_does_not_wait_for_a_cold_container(server: SttServer) -> None:
    """A process has to end within five seconds."""
    server.faults.handshake_delay_s = 60.0
    async with running(new_stream(server)) as stream:
        await server.wait_until(lambda: server.handshakes >= 1)
        async with asyncio.timeout(4.0):
            await stream.finish()
    assert events(stream) == [Closed()]


async def test_garbage_is_counted_and_ignored(server: SttServer) -> None:
    """Between hostile messages the words still come."""
    server.faults.garbage = True
    async with running(new_stream(server, "moshi")) as stream:
        for frame in frames(1, 5):
            stream.send(frame)
        await server.wait_until(lambda: bool(server.records))
    heard = words(events(stream))
    assert [word for word in heard if word in counted(1, 5)] == counted(1, 5)
