# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The end of a stream: last words come, and it never takes long."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import msgpack
import pytest
from websockets.http11 import Request, Response

from signaling.stt.events import Closed, Ready, StreamFailed, Word
from signaling.stt.moshi import MoshiWire
from signaling.stt.state import StreamState
from signaling.stt.stream import SttStream
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import FRAME_BYTES
from signaling.stt.wires import WIRES
from tests.signaling.stt.server import (
    QUICK,
    NumberedMuxer,
    Peer,
    PlainMuxer,
    next_of,
    packed,
    parts,
    rest,
    running,
    status,
    stt_server,
    texts,
    token,
)


async def until_end(peer: Peer) -> None:
    """Take messages up to the muxer's last page."""
    while parts(peer.messages)[-1:] != ["end"]:
        await peer.receive()


async def listen(peer: Peer) -> None:
    """Take everything, say nothing."""
    await peer.until_closed()


async def test_words_after_the_last_page_still_come() -> None:
    """The service brings them out of what it has heard."""

    async def script(peer: Peer) -> None:
        await until_end(peer)
        await asyncio.sleep(0.05)
        await peer.say(token(" last"), token(" wo"), token("rds"))
        await peer.until_closed()

    async with stt_server(script) as stt:
        async with running(stt.config()) as stream:
            stream.send(0)
        assert texts(await rest(stream)) == ["last", "words"]
        assert stt.peers[0].socket.close_code == 1000


async def test_what_waits_goes_out_without_pauses() -> None:
    """Twenty frames of tail would take 0.8 s at twice real time."""
    async with stt_server(listen) as stt, running(stt.config()) as stream:
        await next_of(stream, Ready)
        began_s = time.monotonic()
        for number in range(100):
            stream.send(number)
        await stream.finish()
        assert time.monotonic() - began_s < 1.4
        assert len(stt.peers[0].messages) == 103


async def test_server_that_closes_first_ends_the_wait() -> None:
    """Nobody waits for words of a connection that is gone."""

    async def script(peer: Peer) -> None:
        await until_end(peer)
        await peer.say(token("bye"))
        await peer.socket.close()

    timing = replace(QUICK, last_words_s=10.0, finish_s=10.0)
    async with stt_server(script) as stt:
        async with running(stt.config(), timing=timing) as stream:
            await next_of(stream, Ready)
            began_s = time.monotonic()
            await stream.finish()
            assert time.monotonic() - began_s < 2.0
        assert texts(await rest(stream)) == ["bye"]
    assert stream.last_failure == ""


async def test_moshi_is_fed_until_its_marker_comes_back() -> None:
    """A marker moves with audio only; the words before it come out."""

    async def script(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        steps_left = None
        while True:
            message = msgpack.unpackb((await peer.receive())[0])
            if message["type"] == "Marker":
                marker_id, steps_left = message["id"], 4
            elif steps_left is not None:
                assert message["pcm"] == [0.0] * 1920
                steps_left -= 1
                if steps_left == 0:
                    await peer.say(packed("Word", text="last", start_time=1.0))
                    await peer.say(packed("Marker", id=marker_id))

    timing = replace(QUICK, marker_s=10.0, finish_s=10.0)
    async with stt_server(script) as stt:
        async with running(
            stt.config("moshi"), new_muxer=PlainMuxer, timing=timing
        ) as stream:
            stream.send(b"\x01" * FRAME_BYTES)
            await next_of(stream, Ready)
            began_s = time.monotonic()
            await stream.finish()
            assert time.monotonic() - began_s < 3.0
        assert await rest(stream) == [Word("last", 1.0), Closed()]
        kinds = [msgpack.unpackb(m)["type"] for m in stt.peers[0].messages]
        assert stt.peers[0].socket.close_code == 1000
    assert kinds[:2] == ["Audio", "Marker"]
    assert set(kinds[2:]) == {"Audio"}


async def test_marker_that_never_comes_is_not_waited_for() -> None:
    """After its time the connection is closed like any other."""

    async def script(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        await peer.until_closed()

    async with stt_server(script) as stt:
        async with running(stt.config("moshi"), new_muxer=PlainMuxer) as stream:
            await next_of(stream, Ready)
            began_s = time.monotonic()
            await stream.finish()
            assert 0.4 < time.monotonic() - began_s < 1.4
        assert stt.peers[0].socket.close_code == 1000


async def test_marker_without_silence_is_waited_for_all_the_same() -> None:
    """A wire that cannot make silence relies on the caller's."""

    async def script(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        await peer.receive()
        await peer.say(packed("Marker", id=1))
        await peer.until_closed()

    wire = MoshiWire()
    wire.silence = None
    timing = replace(QUICK, marker_s=10.0, finish_s=10.0)
    async with stt_server(script) as stt:
        async with running(
            stt.config("moshi"), wire=wire, new_muxer=PlainMuxer, timing=timing
        ) as stream:
            await next_of(stream, Ready)
        (marker,) = stt.peers[0].messages
    assert msgpack.unpackb(marker)["type"] == "Marker"


async def test_connection_that_comes_soon_after_finish_is_used() -> None:
    """A short utterance at a cold start is worth a moment."""

    async def soon(_: Request) -> Response | None:
        await asyncio.sleep(0.1)
        return None

    async with stt_server(listen, answer=soon) as stt:
        async with running(stt.config()) as stream:
            stream.send(0)
            await stream.finish()
        assert parts(stt.peers[0].messages) == ["head", "tags", "0", "end"]


async def test_connection_that_does_not_come_is_given_up_quietly() -> None:
    """It is no failure that an operator could act on; the audio is counted."""

    given_up = asyncio.Event()

    async def late(_: Request) -> Response | None:
        await given_up.wait()
        return None

    async with stt_server(listen, answer=late) as stt:
        async with running(stt.config(connect_timeout_s=5.0)) as stream:
            stream.send(0)
            await stt.until(lambda: bool(stt.requests))
            began_s = time.monotonic()
            await stream.finish()
            assert 0.2 < time.monotonic() - began_s < 1.2
        given_up.set()
        assert await rest(stream) == [Closed()]
    assert stream.state is StreamState.CLOSED
    assert stream.dropped_frames == 1


async def test_finish_during_a_pause_between_attempts_returns_at_once() -> None:
    """A service that has just failed is not asked again."""

    def long_pauses(_: float) -> Iterator[float]:
        while True:
            yield 60.0

    async with stt_server(listen, answer=status(503)) as stt:
        async with running(stt.config(), backoff=long_pauses) as stream:
            await next_of(stream, StreamFailed)
            began_s = time.monotonic()
            await stream.finish()
            assert time.monotonic() - began_s < 0.5
        assert len(stt.requests) == 1


@pytest.mark.parametrize("wire", ["modal-pcm", "moshi"])
async def test_frozen_server_cannot_hold_up_the_end(wire: str) -> None:
    """Not with a full pipe, not without an answer to the close."""
    thaw = asyncio.Event()

    async def freeze(peer: Peer) -> None:
        peer.shrink_buffer()
        if wire == "moshi":
            await peer.say(packed("Ready"))
        await thaw.wait()

    timing = replace(QUICK, send_s=30.0, close_s=30.0, marker_s=30.0)
    async with stt_server(freeze) as stt:
        async with running(
            stt.config(wire), new_muxer=PlainMuxer, timing=timing
        ) as stream:
            await next_of(stream, Ready)
            for _ in range(30):
                stream.send(bytes(400_000))
            began_s = time.monotonic()
            await stream.finish()
            assert time.monotonic() - began_s < 2.5
        thaw.set()
        assert await rest(stream) == [Closed()]
    assert stream.state is StreamState.CLOSED


async def test_finish_that_is_cancelled_still_ends_the_stream() -> None:
    """The ending belongs to `run`."""

    async def script(peer: Peer) -> None:
        await until_end(peer)
        await peer.say(token("bye"))
        await peer.until_closed()

    async with stt_server(script) as stt:
        async with running(stt.config()) as stream:
            await next_of(stream, Ready)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await stream.finish()
        assert texts(await rest(stream)) == ["bye"]


async def test_finish_before_run_and_twice() -> None:
    """A stream that ends before it began goes through its end in order."""
    async with stt_server(listen) as stt:
        stream = SttStream(
            stt.config(), WIRES["modal-pcm"], NumberedMuxer, timing=QUICK
        )
        stream.send(0)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stream.finish())
            await asyncio.sleep(0)
            tasks.create_task(stream.run())
        await stream.finish()
        assert parts(stt.peers[0].messages) == ["head", "tags", "0", "end"]


async def test_finish_of_a_stream_that_never_ran_returns() -> None:
    """Whoever tidies up does not have to know."""
    async with stt_server(listen) as stt:
        timing = replace(QUICK, finish_s=0.0)
        stream = SttStream(
            stt.config(), WIRES["modal-pcm"], NumberedMuxer, timing=timing
        )
        async with asyncio.timeout(2.0):
            await stream.finish()
        assert stt.requests == []


def test_everything_at_the_end_fits_into_five_seconds() -> None:
    """The times of the product itself, not those of these tests."""
    timing = StreamTiming()
    assert timing.finish_connect_s < timing.finish_s
    assert timing.marker_s + timing.after_marker_s < timing.finish_s
    assert timing.finish_s + 0.5 <= 5.0
