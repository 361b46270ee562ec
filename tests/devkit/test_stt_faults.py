# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The simulated services fail on demand, and only as asked."""

import asyncio
import json
import time

import msgpack
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from devkit.engine import Samples
from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from devkit.stt_garbage import JSON_GARBAGE, MSGPACK_GARBAGE
from devkit.stt_record import Faults
from devkit.stt_wires import StreamWire
from devkit.tones import silence, spoken_words
from tests.devkit.stt_client import (
    answers,
    answers_after,
    audio_messages,
    modal,
    moshi,
    ogg_messages,
    parsed,
    pcm_messages,
    send_all,
    tokens,
)

pytestmark = pytest.mark.fault


def said(count: int, silence_s: float = 1.0) -> Samples:
    """Words 1 to count of voice 0, then silence."""
    return np.concatenate([spoken_words(0, range(1, count + 1)), silence(silence_s)])


async def test_cold_start_holds_the_handshake() -> None:
    """The client waits, then everything is as always."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.handshake_delay_s = 0.3
        start_s = time.monotonic()
        async with modal(server) as client:
            assert time.monotonic() - start_s >= 0.3
            found = await answers_after(server, client, pcm_messages(said(1)))
    assert tokens(found) == ["w1"]


async def test_server_ends_while_a_handshake_waits() -> None:
    """A container that never starts does not hold up the end."""
    refused: list[int] = []

    async def try_it(server: SttServer) -> None:
        try:
            await modal(server)
        except InvalidStatus as error:
            refused.append(error.response.status_code)

    async with (
        asyncio.timeout(5),
        asyncio.TaskGroup() as group,
        SttServer(NumberedEngine()) as server,
    ):
        server.faults.handshake_delay_s = 3_600
        waiting = group.create_task(try_it(server))
        await server.wait_until(lambda: server.handshakes == 1)
        assert not waiting.done()
    assert refused == [503]


@pytest.mark.parametrize("status", [401, 404, 500, 503])
async def test_handshake_fails_with_the_status_asked_for(status: int) -> None:
    """Good credentials do not help, until the fault is taken back."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.handshake_status = status
        with pytest.raises(InvalidStatus) as refused:
            await modal(server)
        assert refused.value.response.status_code == status
        server.faults.handshake_status = None
        async with modal(server):
            await server.wait_until(lambda: len(server.records) == 1)
    assert [record.status for record in server.refused] == [status]


async def test_close_without_a_handshake_is_a_cut() -> None:
    """A close code of None drops the TCP connection."""
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        server.faults.close_after_frames = 1
        server.faults.close_code = None
        await send_all(client, pcm_messages(silence(0.08)))
        await answers(client)
        assert client.close_code == 1006


@pytest.mark.parametrize("wire", ["modal-pcm", "modal-opus"])
async def test_no_capacity_at_modal_is_accepted_then_closed(wire: StreamWire) -> None:
    """Closed with 1000 at the second message, no token; the next client is served."""
    encoded = pcm_messages if wire == "modal-pcm" else ogg_messages
    async with SttServer(NumberedEngine(), stream_wire=wire) as server:
        server.faults.refuse_next = 1
        async with modal(server) as client:
            await send_all(client, encoded(silence(0.16)))
            assert await answers(client) == []
            assert client.close_code == 1000
        async with modal(server) as client:
            found = await answers_after(server, client, encoded(said(2)))
    assert "".join(tokens(found)).replace(" ", "") == "w1w2"
    assert server.records[0].ended_by == "no free place"
    assert server.records[0].messages == 2


async def test_close_after_frames_fires_once() -> None:
    """The first connection that gets there is closed, the next is not."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.close_after_frames = 5
        server.faults.close_code = 1011
        async with modal(server) as client:
            await send_all(client, pcm_messages(silence(0.4)))
            await answers(client)
            assert client.close_code == 1011
        assert server.records[0].frames == 5
        assert server.faults == Faults(close_code=1011)
        async with modal(server) as client:
            found = await answers_after(server, client, pcm_messages(said(3)))
    assert tokens(found) == ["w1", "w2", "w3"]


async def test_close_in_a_word_leaves_half_of_it() -> None:
    """Sub-word wires have sent the first piece; the word does not count as sent."""
    engine = NumberedEngine({0: ["I", "wonder", "why"]})
    async with (
        SttServer(engine, stream_wire="modal-pcm-subword") as server,
        modal(server) as client,
    ):
        server.faults.close_mid_word = True
        await send_all(client, pcm_messages(said(3, 0.4)))
        found = await answers(client)
        assert client.close_code == 1000
        await server.wait_until(lambda: not server.open_records)
    assert tokens(found) == [" I", " won"]
    assert server.words == ["I"]
    assert server.records[0].unsent[0] == "wonder"
    assert server.faults == Faults()


async def test_close_in_a_word_on_a_whole_word_wire() -> None:
    """There the word that was due is not sent at all."""
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        server.faults.close_mid_word = True
        await send_all(client, pcm_messages(said(3, 0.0)))
        assert await answers(client) == []
        await server.wait_until(lambda: not server.open_records)
    assert server.records[0].unsent[0] == "w1"


async def test_frozen_server_reads_on_and_says_nothing() -> None:
    """What falls due meanwhile is lost and counted; afterwards it goes on."""
    first, second = said(3, 0.8), np.concatenate([spoken_words(0, [4]), silence(1.0)])
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        server.faults.frozen = True
        await send_all(client, pcm_messages(first))
        await server.wait_until(lambda: server.records[0].withheld == 3)
        server.faults.frozen = False
        found = await answers_after(server, client, pcm_messages(second))
    assert tokens(found) == ["w4"]


async def test_slow_reader_pushes_back_until_taken_back() -> None:
    """With a small buffer the client's send soon blocks; later nothing is lost."""
    server = SttServer(NumberedEngine(), receive_buffer_bytes=4_096)
    async with server, modal(server) as client:
        server.faults.read_delay_s = 3_600
        messages = pcm_messages(np.concatenate([said(200), silence(60)]))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await send_all(client, messages)
        blocked_after = server.records[0].messages
        server.faults.read_delay_s = 0.0
        await server.wait_until(lambda: server.records[0].messages > blocked_after + 50)
    assert blocked_after <= 1
    assert server.words[:2] == ["w1", "w2"]


async def test_server_ends_while_it_does_not_read() -> None:
    """A reader that is stuck does not hold up the end."""
    async with asyncio.timeout(5):
        async with SttServer(NumberedEngine()) as server:
            client = await modal(server)
            server.faults.read_delay_s = 3_600
            await send_all(client, pcm_messages(silence(4.0)))
        await client.wait_closed()
    assert server.records[0].closed_s is not None


async def test_garbage_comes_before_the_real_answers() -> None:
    """Each message is answered by one piece of garbage; the words come all the same."""
    messages = pcm_messages(said(4))
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        server.faults.garbage = True
        await send_all(client, messages)
        await server.wait_until(lambda: server.records[0].answered == len(messages))
        raw = [await client.recv() for _ in range(len(messages) + 4)]
    real = [json.dumps({"type": "token", "text": f"w{n}"}) for n in (1, 2, 3, 4)]
    garbage = [message for message in raw if message not in real]
    assert [message for message in raw if message in real] == real
    assert garbage == [*JSON_GARBAGE, *JSON_GARBAGE][: len(messages)]


async def test_garbage_on_the_moshi_wire() -> None:
    """It has its own kinds."""
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        server.faults.garbage = True
        await client.send(audio_messages(silence(0.08))[0])
        assert parsed(await client.recv()) == {"type": "Ready"}
        assert await client.recv() == MSGPACK_GARBAGE[0]
        assert parsed(await client.recv())["type"] == "Step"


@pytest.mark.parametrize("message", JSON_GARBAGE)
def test_no_json_garbage_is_a_word(message: str | bytes) -> None:
    """No piece is a token that a client should show."""
    try:
        read = json.loads(message)
    except (ValueError, RecursionError):
        return
    text = read.get("text") if isinstance(read, dict) else None
    is_token = isinstance(read, dict) and read.get("type") == "token"
    assert not (is_token and isinstance(text, str) and text.isalnum())


@pytest.mark.parametrize("message", MSGPACK_GARBAGE)
def test_no_packed_garbage_is_a_word(message: str | bytes) -> None:
    """No piece is a word that a client should show."""
    try:
        read = msgpack.unpackb(message)
    except (ValueError, TypeError, msgpack.UnpackException):
        return
    text = read.get("text") if isinstance(read, dict) else None
    is_word = isinstance(read, dict) and read.get("type") == "Word"
    assert not (is_word and isinstance(text, str) and text)


async def test_session_limit_aborts_old_connections() -> None:
    """The hosting service ends a session without a close frame."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.session_limit_s = 0.1
        async with modal(server) as client:
            await answers(client)
            assert client.close_code == 1006
            await server.wait_until(lambda: not server.open_records)
    assert server.records[0].ended_by == "session limit"


async def test_cut_and_close_reach_every_client() -> None:
    """A cut is seen as 1006, a close with its code."""
    async with SttServer(NumberedEngine()) as server:
        async with modal(server) as first, moshi(server) as second:
            await server.wait_until(lambda: len(server.open_records) == 2)
            server.cut()
            await answers(first)
            await answers(second)
            assert first.close_code == second.close_code == 1006
        await server.wait_until(lambda: not server.open_records)
        async with modal(server) as third:
            await server.wait_until(lambda: len(server.open_records) == 1)
            await server.close_connections(1012, "restart")
            with pytest.raises(ConnectionClosed):
                await third.recv()
            assert (third.close_code, third.close_reason) == (1012, "restart")
    assert [r.ended_by for r in server.records] == ["cut", "cut", "server"]


async def test_waiting_for_what_never_happens_times_out() -> None:
    """A wrong expectation ends."""
    async with SttServer(NumberedEngine()) as server:
        with pytest.raises(TimeoutError):
            await server.wait_until(lambda: bool(server.records), timeout_s=0.01)


async def test_faults_of_connections_are_for_the_numbered_ones_only() -> None:
    """One client meets a frozen service while another is served."""
    async with (
        SttServer(NumberedEngine()) as server,
        modal(server) as first,
        modal(server) as second,
    ):
        server.faults.frozen = True
        server.faults.connections = frozenset({0})
        await send_all(first, pcm_messages(said(2)))
        await server.wait_until(lambda: server.records[0].withheld == 2)
        found = await answers_after(server, second, pcm_messages(said(2)))
    assert len(tokens(found)) == 2
    assert server.records[0].texts == []


async def test_garbled_service_sends_nothing_else() -> None:
    """One hostile message for each message it takes; the words count as withheld."""
    messages = pcm_messages(said(2))
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        server.faults.garbled = True
        await send_all(client, messages)
        await server.wait_until(lambda: server.records[0].answered == len(messages))
        raw = [await client.recv() for _ in messages]
    assert raw == [*JSON_GARBAGE, *JSON_GARBAGE][: len(messages)]
    assert server.records[0].withheld == 2


async def test_session_limit_spares_other_connections() -> None:
    """Only those it is for are cut."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.session_limit_s = 0.1
        server.faults.connections = frozenset({0})
        async with modal(server) as first, modal(server):
            await answers(first)
            await server.wait_until(lambda: len(server.open_records) == 1)
    assert server.records[0].ended_by == "session limit"


@pytest.mark.parametrize(("code", "seen"), [(1013, 1013), (None, 1006)])
async def test_refusal_ends_with_the_code_asked_for(
    code: int | None, seen: int
) -> None:
    """Modal's 1000 is the default."""
    async with SttServer(NumberedEngine()) as server:
        server.faults.refuse_next = 1
        server.faults.close_code = code
        async with modal(server) as client:
            await send_all(client, pcm_messages(silence(0.16)))
            await answers(client)
            assert client.close_code == seen
