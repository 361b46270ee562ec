# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Services that stand and bring nothing: another connection takes over."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from devkit.tones import silence
from signaling.stt import handshake
from signaling.stt.events import Ready, Renewed, StreamFailed, Word
from signaling.stt.reasons import Failure, Renewal
from signaling.stt.state import StreamState
from signaling.stt.wire import FRAME_BYTES
from tests.signaling.stt.server import (
    QUICK,
    Peer,
    PlainMuxer,
    next_of,
    packed,
    running,
    stt_server,
)
from tests.signaling.stt.talking import talking

pytestmark = pytest.mark.fault


def counted(first: int, last: int) -> list[int]:
    """All numbers from the first to the last."""
    return list(range(first, last + 1))


@pytest.mark.parametrize("wire", ["modal-pcm", "moshi"])
async def test_frozen_connection_is_renewed(wire: str) -> None:
    """It goes on reading and says nothing; only speech shows that this is wrong."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(server, wire, freeze_s=1.2) as talk:
            await talk.say(range(1, 4), 0.6)
            server.faults.connections = frozenset({0})
            server.faults.frozen = True
            await talk.say(range(4, 17), 0.4)
        assert len(server.records) == 2
        assert server.records[0].withheld > 0
    assert talk.of(Renewed) == [Renewed(Renewal.FREEZE)]
    assert talk.of(StreamFailed) == []
    counters = talk.stream.counters
    assert counters.renewals == {Renewal.FREEZE: 1}
    heard = talk.words
    assert len(heard) == len(set(heard))
    # A word that had begun before the last one came may be cut in two.
    assert len(set(counted(1, 16)) - set(heard)) <= 1
    assert counters.replayed_frames * 0.08 >= 1.0
    assert counters.unanswered_frames == 0


async def test_frozen_connection_without_an_heir_is_told_until_words_come() -> None:
    """The service is down for others as well; the old connection comes round."""
    async with (
        SttServer(NumberedEngine()) as server,
        talking(server, freeze_s=0.8) as talk,
    ):
        await server.wait_until(lambda: len(server.open_records) == 1)
        server.faults.frozen = True
        server.faults.handshake_status = 503
        await talk.say(range(1, 6))
        await server.wait_until(lambda: server.handshakes >= 3)
        server.faults.frozen = False
        await talk.say(range(6, 11), 0.6)
        assert talk.stream.state is StreamState.OPEN
    kinds = [type(event) for event in talk.events]
    assert kinds[:4] == [Ready, StreamFailed, Ready, Word]
    (failed,) = talk.of(StreamFailed)
    assert (failed.retryable, failed.code) == (True, Failure.UNREACHABLE)
    assert talk.words[-4:] == counted(7, 10)


async def test_frozen_connection_is_ended_if_another_is_refused() -> None:
    """Nothing would come of it but silence for half an hour."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(server, freeze_s=0.8) as talk:
            await server.wait_until(lambda: len(server.open_records) == 1)
            server.faults.frozen = True
            server.faults.handshake_status = 401
            await talk.say(range(1, 8))
            await server.wait_until(lambda: not server.open_records)
        assert server.handshakes == 2
    (failed,) = talk.of(StreamFailed)
    assert (failed.retryable, failed.code) == (False, Failure.REFUSED)
    assert talk.stream.state is StreamState.FAILED


async def test_noise_that_counts_as_speech_renews_less_and_less() -> None:
    """After 0.2 s, 0.4 s, 0.8 s, 1.6 s and so on, what is sent again counted."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(server, freeze_s=0.2, longest_freeze_s=60.0) as talk:
            await talk.send(silence(5.0), is_speech=True)
        assert len(server.records) <= 6
    renewals = talk.stream.counters.renewals
    assert set(renewals) == {Renewal.FREEZE}
    assert 2 <= renewals[Renewal.FREEZE] <= 5
    assert talk.of(StreamFailed) == []


async def test_silence_owes_no_words() -> None:
    """However long it is sent."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(server, freeze_s=0.2) as talk:
            await talk.send(silence(2.0), is_speech=False)
        assert len(server.records) == 1
    assert not talk.stream.counters.renewals


async def test_words_keep_the_watchdog_quiet() -> None:
    """A second of speech is more than the delay of a word."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(server, freeze_s=1.2) as talk:
            await talk.say(range(1, 15), 0.4)
        assert len(server.records) == 1
    assert talk.words == counted(1, 14)


async def test_slow_reader_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes ten frames a second; what piles up goes to the next connection."""
    monkeypatch.setattr(handshake, "SEND_BUFFER_BYTES", 8192)
    async with SttServer(NumberedEngine(), receive_buffer_bytes=4096) as server:
        server.faults.connections = frozenset({0})
        server.faults.read_delay_s = 0.1
        async with talking(server, stall_s=0.5, drain_s=0.5, send_s=5.0) as talk:
            await talk.say(range(1, 29), 0.4)
        assert len(server.records) == 2
    assert talk.of(Renewed) == [Renewed(Renewal.STALL)]
    heard = talk.words
    assert heard == sorted(set(heard))
    assert heard[-4:] == counted(25, 28)
    assert talk.stream.dropped_frames == 0


async def test_garbled_connection_is_renewed() -> None:
    """One that sends nothing but nonsense, for long."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.connections = frozenset({0})
        server.faults.garbled = True
        async with talking(server, "moshi") as talk:
            await talk.say(range(1, 31), 0.4)
        assert len(server.records) == 2
    counters = talk.stream.counters
    assert counters.renewals == {Renewal.GARBAGE: 1}
    assert counters.garbage >= 50
    assert "w30" in server.words


@pytest.mark.parametrize("fault", ["frozen", "garbled", "slow", "cut"])
async def test_one_speaker_never_touches_another(fault: str) -> None:
    """Whatever becomes of the first connection, the second speaker loses no word."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.connections = frozenset({0})
        server.faults.frozen = fault == "frozen"
        server.faults.garbled = fault == "garbled"
        server.faults.read_delay_s = 60.0 if fault == "slow" else 0.0
        server.faults.session_limit_s = 0.5 if fault == "cut" else None
        async with talking(server, freeze_s=0.8, send_s=0.4) as broken:
            await server.wait_until(lambda: len(server.records) == 1)
            async with talking(server, voice=1) as well, asyncio.TaskGroup() as tasks:
                tasks.create_task(broken.say(range(1, 11)))
                tasks.create_task(well.say(range(1, 11), 0.4))
    assert well.words == counted(1, 10)
    assert well.stream.counters.connections == 1
    assert not well.stream.counters.failures
    assert well.stream.dropped_frames == 0


async def test_capacity_that_comes_late_costs_no_word() -> None:
    """Accepted and closed, again and again; the longer pauses are asked for."""
    pauses: list[float] = []

    def noted(first_s: float) -> Iterator[float]:
        while True:
            pauses.append(first_s)
            yield 0.05

    async with SttServer(NumberedEngine()) as server:
        server.faults.refuse_next = 3
        async with talking(server) as talk:
            talk.stream._relay._backoff = noted
            talk.stream._relay._restart_pauses()
            await talk.say(range(1, 8), 0.6)
    assert talk.words == counted(1, 7)
    assert talk.stream.counters.failures == {Failure.CAPACITY: 3}
    assert pauses == [2.0, 2.0, 2.0]
    (failed,) = talk.of(StreamFailed)
    assert failed.code == Failure.CAPACITY


async def test_server_that_has_enough_to_do_gets_no_more() -> None:
    """moshi-server tells how much of our audio waits; it goes on when that is less."""
    held = asyncio.Event()

    async def step(peer: Peer, waiting_s: float) -> None:
        waiting = round(waiting_s * 24_000)
        await peer.say(packed("Step", prs=[], step_idx=1, buffered_pcm=waiting))

    async def script(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        await peer.receive(1)
        await step(peer, 3.0)
        await held.wait()
        await step(peer, 0.5)
        await peer.until_closed()

    async with (
        stt_server(script) as stt,
        running(stt.config("moshi"), new_muxer=PlainMuxer) as stream,
    ):
        stream.send(bytes(FRAME_BYTES))
        await asyncio.sleep(0.2)
        for _ in range(5):
            stream.send(bytes(FRAME_BYTES))
        await asyncio.sleep(0.3)
        assert stream.counters.sent_frames == 1
        held.set()
        await stt.until(lambda: len(stt.peers[0].messages) >= 6)


async def test_stalls_in_a_row_are_told_with_their_reason() -> None:
    """The first renewal is an event with a stable name."""

    async def script(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        await peer.receive(1)
        await peer.say(packed("Step", prs=[], step_idx=1, buffered_pcm=96_000))
        await peer.until_closed()

    timing = replace(QUICK, stall_s=0.4, warm_s=0.05, drain_s=0.2)
    async with (
        stt_server(script) as stt,
        running(stt.config("moshi"), new_muxer=PlainMuxer, timing=timing) as stream,
    ):
        for _ in range(40):
            stream.send(bytes(FRAME_BYTES))
            await asyncio.sleep(0.03)
        assert await next_of(stream, Renewed) == Renewed(Renewal.STALL)
