# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What a stream does when the service refuses, is full, breaks or is odd."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from websockets.http11 import Request, Response

from signaling.stt.events import Closed, Ready, StreamFailed, Word
from signaling.stt.reasons import Failure
from signaling.stt.relay import FIRST_CAPACITY_PAUSE_S, FIRST_PAUSE_S
from signaling.stt.state import StreamState
from signaling.stt.stream import SttStream
from signaling.stt.wires import WIRES
from tests.signaling.stt.server import (
    QUICK,
    NumberedMuxer,
    Peer,
    PlainMuxer,
    frames,
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


class Pauses:
    """Backoff that takes no time and notes what was asked of it."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, int]] = []

    def __call__(self, first_s: float) -> Iterator[float]:
        """Numbers the pauses of one sequence."""
        number = 0
        while True:
            self.taken.append((first_s, number))
            number += 1
            yield 0.001


async def listen(peer: Peer) -> None:
    """Take everything, say nothing."""
    await peer.until_closed()


async def speak(peer: Peer) -> None:
    """A word, then silence."""
    await peer.say(token("works"))
    await peer.until_closed()


async def hang_up(peer: Peer) -> None:
    """Accepted and closed at once: how a full Modal service answers."""
    await peer.receive(2)
    await peer.socket.close()


@pytest.mark.parametrize("code", [401, 403, 404])
async def test_refusal_is_final(code: int) -> None:
    """One attempt, one sentence for the operator, and the end."""
    async with stt_server(listen, answer=status(code)) as stt:
        async with running(stt.config()) as stream:
            events = await rest(stream)
        assert len(stt.requests) == 1
    failed, closed = events
    assert isinstance(failed, StreamFailed)
    assert not failed.retryable
    assert failed.reason == stream.last_failure
    assert "check " in failed.reason
    assert closed == Closed()
    assert stream.state is StreamState.FAILED


async def test_failures_are_told_once_until_a_recovery() -> None:
    """Ready and StreamFailed take turns, however many attempts lie between."""
    async with stt_server(hang_up, hang_up, hang_up, speak) as stt:
        async with running(stt.config(text_style="word")) as stream:
            stream.send(0)
            await next_of(stream, StreamFailed)
            assert await stream.events.get() == Ready()
            assert await stream.events.get() == Word("works")
        assert await rest(stream) == [Closed()]
    assert stream.counters.capacity_closes == 3
    assert stream.reconnects == 3
    assert "no free channel" in stream.last_failure


async def test_opened_socket_alone_is_no_recovery() -> None:
    """A full service accepts as well; nobody hears `Ready` before it has worked."""
    async with stt_server(hang_up, hang_up, listen) as stt:
        async with running(stt.config()) as stream:
            await stt.connections(3)
            # Headers go out after the stream has been told that the socket is open.
            await stt.until(lambda: "tags" in parts(stt.peers[2].messages))
        ready, failed, closed = await rest(stream)
    assert isinstance(failed, StreamFailed)
    assert (ready, closed) == (Ready(), Closed())


async def test_full_service_is_asked_at_slower_paces_until_a_word() -> None:
    """An opened socket alone proves nothing; a word starts the pauses anew."""
    pauses = Pauses()

    async def speak_and_hang_up(peer: Peer) -> None:
        await peer.say(token("one"))
        await peer.socket.close()

    scripts = (hang_up, hang_up, hang_up, speak_and_hang_up, hang_up, listen)
    async with stt_server(*scripts) as stt:
        async with running(stt.config(text_style="word"), backoff=pauses) as stream:
            await stt.connections(6)
        await rest(stream)
    full, other = FIRST_CAPACITY_PAUSE_S, FIRST_PAUSE_S
    assert pauses.taken == [(full, 0), (full, 1), (full, 2), (other, 0), (full, 0)]


async def test_connection_that_lasted_starts_the_pauses_anew() -> None:
    """Thirty seconds without a word are health as well; here they are 0.1 s."""
    pauses = Pauses()

    async def last(peer: Peer) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await peer.until_closed()
        await peer.socket.close(1011)

    timing = replace(QUICK, healthy_s=0.1, capacity_s=0.02)
    async with stt_server(last, last, listen) as stt:
        async with running(stt.config(), backoff=pauses, timing=timing) as stream:
            await stt.connections(3)
        events = await rest(stream)
    assert pauses.taken == [(FIRST_PAUSE_S, 0), (FIRST_PAUSE_S, 0)]
    kinds = [type(event) for event in events]
    assert kinds[:4] == [Ready, StreamFailed, Ready, StreamFailed]


async def test_time_spent_connecting_is_no_health() -> None:
    """A handshake that hangs longer than a healthy connection lasts resets nothing."""
    pauses = Pauses()

    async def slow_refusal(request: Request) -> Response | None:
        await asyncio.sleep(0.1)
        return await status(503)(request)

    async with stt_server(listen, answer=slow_refusal) as stt:
        async with running(
            stt.config(), backoff=pauses, timing=replace(QUICK, healthy_s=0.05)
        ) as stream:
            await stt.until(lambda: len(stt.requests) == 4)
        await rest(stream)
    assert pauses.taken[:3] == [(FIRST_PAUSE_S, n) for n in range(3)]


async def test_slow_handshake_keeps_what_is_said_meanwhile() -> None:
    """A cold start costs delay, not words."""

    async def cold(_: Request) -> Response | None:
        await asyncio.sleep(0.2)
        return None

    async with stt_server(listen, answer=cold) as stt:
        async with running(stt.config()) as stream:
            for number in range(5):
                stream.send(number)
            await stt.connections(1)
            await stream.finish()
        assert frames(stt.peers[0].messages) == list(range(5))
    assert stream.dropped_frames == 0


async def test_connection_lost_in_mid_word_loses_and_repeats_none() -> None:
    """The piece that waits comes out; unanswered audio goes to the next connection."""

    async def break_off(peer: Peer) -> None:
        await peer.receive(4)
        await peer.say(token(" one"), token(" tw"))
        await peer.socket.close(1011)

    async def go_on(peer: Peer) -> None:
        await peer.receive(2)
        await peer.say(token(" three"), token(" four"))
        await peer.until_closed()

    async with stt_server(break_off, go_on) as stt:
        async with running(stt.config()) as stream:
            stream.send(0)
            stream.send(1)
            assert texts([await next_of(stream, Word) for _ in "12"]) == ["one", "tw"]
            stream.send(2)
            await stt.connections(2)
            stream.send(3)
        events = await rest(stream)
        heard = [frames(peer.messages) for peer in stt.peers]
    # Sent right before the last word: the one after it may have begun there.
    assert heard == [[0, 1], [0, 1, 2, 3]]
    assert stream.counters.replayed_frames == 2
    assert texts(events) == ["three", "four"]


async def test_each_connection_has_a_muxer_of_its_own() -> None:
    """A second header on one connection breaks the services' decoders."""

    async def one_frame(peer: Peer) -> None:
        await peer.receive(3)
        await peer.say(token("one"))
        await peer.socket.close(1011)

    async with stt_server(one_frame, listen) as stt:
        async with running(stt.config(text_style="word")) as stream:
            stream.send(0)
            await next_of(stream, StreamFailed)
            stream.send(1)
            await stt.connections(2)
        first, second = (peer.messages for peer in stt.peers)
    assert parts(first) == ["head", "tags", "0"]
    assert parts(second) == ["head", "tags", "0", "1", "end"]
    assert first[0] != second[0]


async def test_full_service_has_heard_nothing() -> None:
    """What it was sent before it hung up goes to the next connection, once."""
    async with stt_server(hang_up, hang_up, listen) as stt:
        async with running(stt.config(text_style="word")) as stream:
            for number in range(6):
                stream.send(number)
            await stt.connections(3)
        heard = [frames(peer.messages) for peer in stt.peers]
    assert heard[2] == list(range(6))
    assert stream.dropped_frames == 0
    assert stream.counters.unanswered_frames == 0
    assert stream.counters.failures == {Failure.CAPACITY: 2}


async def test_peer_that_stops_reading_is_given_up() -> None:
    """A blocked send ends the connection; all that no word came for goes elsewhere."""
    unread = asyncio.Event()

    async def freeze(peer: Peer) -> None:
        peer.shrink_buffer()
        await unread.wait()

    size = 40_000
    async with stt_server(freeze, listen) as stt:
        async with running(stt.config(), new_muxer=PlainMuxer) as stream:
            for number in range(40):
                stream.send(bytes([number]) * size)
            failed = await next_of(stream, StreamFailed)
            await stt.connections(2)
            await stt.until(lambda: b"\x27" * size in stt.peers[1].messages)
        unread.set()
        second = [message[0] for message in stt.peers[1].messages]
    assert isinstance(failed, StreamFailed)
    assert "took no audio" in failed.reason
    counters = stream.counters
    assert counters.sent_frames == 40 + counters.replayed_frames
    assert (second, stream.dropped_frames) == (list(range(40)), 0)


async def test_frame_that_was_blocked_when_the_peer_died_goes_to_the_next() -> None:
    """The sender may learn of the end before the reader does."""
    size = 400_000

    async def die(peer: Peer) -> None:
        peer.shrink_buffer()
        # At twice real time all frames would be out by now, had anybody taken them.
        await asyncio.sleep(1.0)
        peer.socket.transport.abort()

    timing = replace(QUICK, send_s=30.0, capacity_s=0.0)
    async with stt_server(die, listen) as stt:
        async with running(stt.config(), new_muxer=PlainMuxer, timing=timing) as stream:
            for number in range(20):
                stream.send(bytes([number]) * size)
            failed = await next_of(stream, StreamFailed)
            await stt.connections(2)
            await stt.until(lambda: b"\x13" * size in stt.peers[1].messages)
        second = [message[0] for message in stt.peers[1].messages]
    assert isinstance(failed, StreamFailed)
    assert "closed the connection" in failed.reason
    assert second == list(range(20 - len(second), 20))
    assert (stream.counters.sent_frames, stream.dropped_frames) == (20, 0)


@pytest.mark.parametrize("answer", ["never", "closed", "error"])
async def test_moshi_without_ready_is_a_failure(answer: str) -> None:
    """No audio is sent to a channel that nobody has opened."""

    async def script(peer: Peer) -> None:
        if answer == "error":
            await peer.say(packed("Error", message="no free channels"))
        if answer != "closed":
            await peer.until_closed()

    async def work(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        await peer.receive()
        await peer.say(packed("Word", text="works", start_time=0.1))
        await peer.until_closed()

    async with stt_server(script, work) as stt:
        async with running(stt.config("moshi"), new_muxer=PlainMuxer) as stream:
            stream.send(bytes(7680))
            failed = await stream.events.get()
            assert await next_of(stream, Word) == Word("works", 0.1)
        assert stt.peers[0].messages == []
    assert isinstance(failed, StreamFailed)
    assert failed.retryable
    assert ("not ready" in failed.reason) == (answer == "never")
    assert stream.counters.capacity_closes == (0 if answer == "never" else 1)


async def test_late_ready_is_in_time() -> None:
    """The server may take a while, up to the limit."""

    async def script(peer: Peer) -> None:
        await asyncio.sleep(0.1)
        await peer.say(packed("Ready"))
        await peer.until_closed()

    async with stt_server(script) as stt:
        async with running(stt.config("moshi"), new_muxer=PlainMuxer) as stream:
            assert await stream.events.get() == Ready()
        assert len(stt.peers) == 1


async def test_garbage_without_end_harms_nothing() -> None:
    """Words between it still come."""

    async def script(peer: Peer) -> None:
        for _ in range(200):
            await peer.say(b"\xff" * 100, "[" * 1000, '{"type":"token","text":[]}')
        await peer.say(token("still"), token("here"), token("now"))
        await peer.until_closed()

    async with stt_server(script) as stt, running(stt.config()) as stream:
        said = [await next_of(stream, Word) for _ in range(3)]
    assert texts(said) == ["still", "here", "now"]
    assert stream.counters.garbage == 600


async def test_message_beyond_the_limit_ends_the_connection_only() -> None:
    """A megabyte is no word; the next connection works."""

    async def flood(peer: Peer) -> None:
        await peer.say("x" * (1024 * 1024 + 1))
        await peer.until_closed()

    async with (
        stt_server(flood, speak) as stt,
        running(stt.config(text_style="word")) as stream,
    ):
        assert await next_of(stream, Word) == Word("works")
    assert stream.reconnects == 1


async def test_cancelled_stream_leaves_nothing_behind() -> None:
    """No task, no socket; the server's fixture looks for tasks."""
    async with stt_server(listen) as stt:
        stream = SttStream(stt.config(), WIRES["modal-pcm"], NumberedMuxer)
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(stream.run())
            await next_of(stream, Ready)
            run.cancel()
        assert run.cancelled()
        await stt.peers[0].socket.wait_closed()
    assert stream.state is StreamState.CLOSED
