# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Connections that are renewed in time: no word lost, none repeated, all in order."""

import asyncio

import pytest

from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from devkit.stt_record import Limits as ServerLimits
from devkit.tones import silence
from signaling.stt.events import Closed, Ready, Renewed, StreamFailed
from signaling.stt.modal_pcm import ModalPcmWire
from signaling.stt.reasons import Failure, Renewal
from signaling.stt.state import StreamState
from signaling.stt.wire import Limits
from signaling.stt.wires import WIRES
from tests.signaling.stt.talking import Talk, talking

PHRASE = 4
PAUSE_S = 0.48


async def phrases(talk: Talk, count: int, first: int = 1) -> None:
    """Four words and a pause, again and again."""
    for phrase in range(count):
        start = first + phrase * PHRASE
        await talk.say(range(start, start + PHRASE), PAUSE_S)


def counted(last: int) -> list[int]:
    """All numbers up to the last."""
    return list(range(1, last + 1))


@pytest.mark.parametrize("wire", ["modal-pcm", "moshi"])
async def test_words_survive_renewals_before_the_limit(wire: str) -> None:
    """The service would cut each connection after 4 s, and never has to."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.session_limit_s = 4.0
        async with talking(server, wire, connection_s=2.8, renew_ahead_s=1.4) as talk:
            await phrases(talk, 5)
        used = [record for record in server.records if record.words]
        assert len(used) >= 3
        assert {record.close_code for record in used} == {1000}
        assert "session limit" not in {record.ended_by for record in server.records}
    assert talk.words == counted(5 * PHRASE)
    renewals = len(talk.of(Renewed))
    assert renewals >= len(used) - 1
    assert talk.stream.counters.renewals == {Renewal.AGE: renewals}
    assert talk.of(StreamFailed) == []
    assert talk.of(Ready) == [Ready()]
    assert talk.stream.dropped_frames == 0


async def test_old_connection_speaks_first_while_the_new_one_listens() -> None:
    """Their lives overlap, their words do not."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(
            server, connection_s=2.8, renew_ahead_s=1.4, last_words_s=1.2
        ) as talk:
            await phrases(talk, 3)
        first, second = server.records[:2]
        assert first.closed_s is not None
        assert second.opened_s < first.closed_s
        # It took speech, and said what it heard, before the old one had ended.
        assert second.words[0].sent_s < first.closed_s
    assert talk.words == counted(3 * PHRASE)


async def test_speech_without_a_pause_is_renewed_at_the_limit() -> None:
    """There a word may be cut in two, one for each time; nothing else is harmed."""
    async with (
        SttServer(NumberedEngine()) as server,
        talking(server, connection_s=1.5, renew_ahead_s=0.5) as talk,
    ):
        await talk.say(range(1, 21), 0.4)
    renewals = talk.stream.counters.renewals[Renewal.AGE]
    assert renewals >= 2
    assert talk.words == sorted(talk.words)
    assert len(set(counted(20)) - set(talk.words)) <= renewals
    assert len(talk.words) - len(set(talk.words)) <= renewals


async def test_no_word_for_a_while_counts_as_a_pause() -> None:
    """An open microphone sends for ever, and all of it may count as speech."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(
            server, connection_s=4.0, renew_ahead_s=3.5, wordless_s=0.6, unbroken_s=1.0
        ) as talk:
            await talk.say(range(1, 7))
            await talk.send(silence(3.0), is_speech=True)
            await talk.say(range(7, 10), 0.4)
        assert len([record for record in server.records if record.words]) == 2
    assert talk.words == counted(9)


async def test_renewal_happens_although_nothing_is_sent() -> None:
    """The window opens and the pause is there; nobody has to say a word for it."""
    async with (
        SttServer(NumberedEngine()) as server,
        talking(server, connection_s=1.2, renew_ahead_s=0.5) as talk,
    ):
        await talk.say(range(1, 3), 0.6)
        await server.wait_until(lambda: len(server.records) == 2)
        await server.wait_until(lambda: len(server.open_records) == 1)
        assert talk.stream.state is StreamState.OPEN
        await talk.say(range(3, 5), 0.4)
    assert talk.words == counted(4)


async def test_full_service_refuses_the_heir_and_nobody_notices() -> None:
    """Silence is what it refuses; speech goes to the old connection meanwhile."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(server, connection_s=4.0, renew_ahead_s=3.5) as talk:
            await server.wait_until(lambda: len(server.open_records) == 1)
            server.faults.refuse_next = 2
            await phrases(talk, 4)
        refused = [r for r in server.records if r.ended_by == "no free place"]
        assert len(refused) == 2
    assert talk.words == counted(4 * PHRASE)
    assert talk.of(StreamFailed) == []
    assert talk.stream.counters.failures == {Failure.CAPACITY: 2}
    assert talk.stream.counters.renewals[Renewal.AGE] >= 1
    assert "no free channel" in talk.stream.last_failure


async def test_refused_heir_is_not_tried_again() -> None:
    """The old connection is used to its limit; then the refusal is final."""
    async with (
        SttServer(NumberedEngine()) as server,
        talking(server, connection_s=2.0, renew_ahead_s=0.5) as talk,
    ):
        await server.wait_until(lambda: len(server.open_records) == 1)
        server.faults.handshake_status = 401
        await talk.say(range(1, 5), 0.6)
        await asyncio.sleep(2.0)
        assert server.handshakes == 3
    assert talk.words == counted(4)
    failed, closed = talk.events[-2:]
    assert isinstance(failed, StreamFailed)
    assert (failed.retryable, failed.code) == (False, Failure.REFUSED)
    assert closed == Closed()
    assert talk.stream.state is StreamState.FAILED


async def test_connection_that_breaks_while_its_heir_is_made_hands_over() -> None:
    """The heir need not be opened twice."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.connections = frozenset({0})
        async with talking(server, connection_s=4.0, renew_ahead_s=3.9) as talk:
            await talk.say(range(1, 6))
            await server.wait_until(lambda: len(server.records) == 2)
            server.faults.session_limit_s = 0.0
            await talk.say(range(6, 9), 0.4)
        assert len(server.records) == 2
        assert server.records[0].ended_by == "session limit"
    heard = talk.words
    assert heard == sorted(set(heard))
    assert heard[-1] == 8
    (failed,) = talk.of(StreamFailed)
    assert failed.code in (Failure.LOST, Failure.CAPACITY)


async def test_finish_drops_an_heir_that_nobody_needs() -> None:
    """The connection in use brings out the last words as ever."""
    async with SttServer(NumberedEngine()) as server:
        async with talking(server, connection_s=4.0, renew_ahead_s=3.9) as talk:
            await talk.say(range(1, 11))
            await server.wait_until(lambda: len(server.records) == 2)
        await server.wait_until(lambda: not server.open_records)
    assert talk.words == counted(10)
    assert talk.stream.state is StreamState.CLOSED


async def test_service_that_hangs_up_on_silence_is_kept_awake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever sends nothing at all still has a connection afterwards."""
    wire = ModalPcmWire()
    wire.limits = Limits(connection_s=60.0, idle_s=0.3)
    monkeypatch.setitem(WIRES, "modal-pcm", wire)
    limits = ServerLimits(pcm_idle_s=0.3)
    async with SttServer(NumberedEngine(), limits=limits) as server:
        async with talking(server) as talk:
            await talk.say(range(1, 3), 0.6)
            await asyncio.sleep(1.0)
            await talk.say(range(3, 5), 0.4)
        assert len(server.records) == 1
    assert talk.words == counted(4)
