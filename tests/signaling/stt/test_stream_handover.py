# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Odd ends of a renewal: refusals, tails that never come, nothing to keep warm with."""

import asyncio
from dataclasses import replace

from signaling.stt.events import Closed, Ready, Renewed, StreamFailed, Word
from signaling.stt.modal_opus import ModalOpusWire
from signaling.stt.moshi import MoshiWire
from signaling.stt.reasons import Failure, Renewal
from signaling.stt.state import StreamState
from signaling.stt.wire import FRAME_BYTES, Limits
from tests.signaling.stt.server import (
    QUICK,
    Peer,
    PlainMuxer,
    frames,
    next_of,
    packed,
    parts,
    rest,
    running,
    stt_server,
    texts,
    token,
)

TIMING = replace(QUICK, warm_s=0.05, keep_warm_s=0.1, pause_s=0.1, renew_jitter=0.0)


async def listen(peer: Peer) -> None:
    """Take everything, say nothing."""
    await peer.until_closed()


async def test_tail_that_never_comes_holds_up_new_words_for_a_bounded_time() -> None:
    """The marker stays away; the heir's words wait for the old connection's end."""

    async def forgetful(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        await peer.until_closed()

    async def work(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        await peer.receive()
        await peer.say(packed("Word", text="new", start_time=0.1))
        await peer.until_closed()

    wire = MoshiWire()
    wire.limits = Limits(connection_s=0.6)
    timing = replace(TIMING, marker_s=30.0, drain_s=0.3)
    async with (
        stt_server(forgetful, work) as stt,
        running(
            stt.config("moshi"), wire=wire, new_muxer=PlainMuxer, timing=timing
        ) as stream,
    ):
        stream.send(bytes(FRAME_BYTES))
        assert await next_of(stream, Renewed) == Renewed(Renewal.AGE)
        async with asyncio.timeout(2.0):
            assert await next_of(stream, Word) == Word("new", 0.1)
        assert stt.peers[0].socket.close_code == 1000


async def test_refusal_by_close_code_is_final_with_an_heir_at_hand() -> None:
    """Credentials that were withdrawn do not come back by trying."""

    async def refuse(peer: Peer) -> None:
        await stt.connections(2)
        await peer.socket.close(3000)

    wire = ModalOpusWire()
    wire.limits = Limits(connection_s=1.0)
    timing = replace(TIMING, pause_s=5.0)
    async with stt_server(refuse, listen) as stt:
        async with running(
            stt.config("modal-opus"), wire=wire, timing=timing
        ) as stream:
            stream.send(0)
            events = await rest(stream)
        assert len(stt.peers) == 2
    ready, failed, closed = events
    assert (ready, closed) == (Ready(), Closed())
    assert isinstance(failed, StreamFailed)
    assert (failed.retryable, failed.code) == (False, Failure.REFUSED)
    assert stream.state is StreamState.FAILED


async def test_handover_without_any_way_to_make_silence() -> None:
    """Nothing keeps the heir warm; it takes over all the same."""

    async def echo(peer: Peer) -> None:
        while True:
            for number in frames(await peer.receive()):
                await peer.say(token(f"w{number}"))

    for new_silence in (None, list):
        wire = ModalOpusWire()
        wire.limits = Limits(connection_s=0.6)
        async with stt_server(echo) as stt:
            async with running(
                stt.config("modal-opus", text_style="word"),
                wire=wire,
                timing=TIMING,
                new_silence=new_silence,
            ) as stream:
                stream.send(0)
                await next_of(stream, Renewed)
                stream.send(1)
                await stt.until(lambda: "1" in parts(stt.peers[1].messages))
            events = await rest(stream)
            assert parts(stt.peers[0].messages) == ["head", "tags", "0", "end"]
        assert texts(events)[-1] == "w1"


async def test_finish_in_the_middle_of_a_handover_brings_out_both_tails() -> None:
    """The old connection's words first, then the new one's."""

    async def slow_tail(peer: Peer) -> None:
        while parts(peer.messages)[-1:] != ["end"]:
            await peer.receive()
        await asyncio.sleep(0.3)
        await peer.say(token("old"))
        await peer.until_closed()

    async def quick_tail(peer: Peer) -> None:
        while "1" not in parts(peer.messages):
            await peer.receive()
        await peer.say(token("new"))
        await peer.until_closed()

    wire = ModalOpusWire()
    wire.limits = Limits(connection_s=0.6)
    timing = replace(TIMING, last_words_s=0.6, finish_s=3.0)
    async with stt_server(slow_tail, quick_tail) as stt:
        async with running(
            stt.config("modal-opus", text_style="word"),
            wire=wire,
            timing=timing,
            new_silence=lambda: [1000],
        ) as stream:
            stream.send(0)
            await next_of(stream, Renewed)
            stream.send(1)
            await stream.finish()
        assert texts(await rest(stream)) == ["old", "new"]
    assert stream.dropped_frames == 0


async def test_cancelled_stream_leaves_neither_connection_behind() -> None:
    """The fixture of the server looks for tasks."""
    wire = ModalOpusWire()
    wire.limits = Limits(connection_s=0.6)
    timing = replace(TIMING, last_words_s=5.0, drain_s=10.0)
    async with stt_server(listen) as stt:
        async with running(
            stt.config("modal-opus"), wire=wire, timing=timing
        ) as stream:
            stream.send(0)
            await next_of(stream, Renewed)
            assert len(stt.peers) == 2
            run = next(
                task
                for task in asyncio.all_tasks()
                if getattr(task.get_coro(), "__qualname__", "") == "SttStream.run"
            )
            run.cancel()
        for peer in stt.peers:
            await peer.socket.wait_closed()
    assert stream.state is StreamState.CLOSED
