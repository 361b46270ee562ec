# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Each wire end to end: what goes in, what comes out, and what it takes offence at."""

import asyncio
import threading

import msgpack
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from devkit.stt_record import Credentials, Limits
from devkit.stt_wires import StreamWire, subword_pieces
from devkit.tones import silence, spoken_words
from tests.devkit.stt_client import (
    MODAL,
    MOSHI,
    answers,
    answers_after,
    audio_messages,
    modal,
    moshi,
    of_type,
    ogg_messages,
    packed,
    parsed,
    pcm_messages,
    send_all,
    tokens,
)

FRENCH = ["L'été", "est", "déjà", "fini,", "n'est-ce", "pas ?", "Ça", "va."]


def said(count: int, silence_s: float = 1.0) -> "np.ndarray":
    """Words 1 to count of voice 0, then silence."""
    return np.concatenate([spoken_words(0, range(1, count + 1)), silence(silence_s)])


async def test_pcm_gives_whole_words_without_spaces_and_nothing_else() -> None:
    """The Rust-backed service sends tokens only, one for each word."""
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        found = await answers_after(server, client, pcm_messages(said(4)))
    assert found == [{"type": "token", "text": f"w{n}"} for n in (1, 2, 3, 4)]
    assert server.words == server.records[0].texts == ["w1", "w2", "w3", "w4"]


async def test_words_wait_for_the_delay_and_tail_needs_more_audio() -> None:
    """Without silence behind them the last words are lost; the record names them."""
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        found = await answers_after(server, client, pcm_messages(said(4, 0.0)))
    record = server.records[0]
    assert tokens(found) == record.texts == ["w1", "w2"]
    assert record.unsent == ["w3", "w4"]
    assert all(word.audio_s >= word.end_s + 0.48 for word in record.words)


async def test_silence_within_the_delay_brings_out_the_tail() -> None:
    """Half a second of silence is enough for a delay of half a second."""
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        found = await answers_after(server, client, pcm_messages(said(4, 0.5)))
    assert tokens(found) == ["w1", "w2", "w3", "w4"]


async def test_pcm_blocks_of_any_whole_number_of_samples() -> None:
    """80 ms is a recommendation; empty messages are ignored."""
    audio = said(3).astype("<f4").tobytes()
    blocks = [audio[start : start + 4_004] for start in range(0, len(audio), 4_004)]
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        found = await answers_after(server, client, [b"", *blocks, b""])
    assert tokens(found) == ["w1", "w2", "w3"]


@pytest.mark.parametrize("bad", ["hello", b"\x00" * 7_681])
async def test_pcm_session_dies_of_text_and_broken_samples(bad: str | bytes) -> None:
    """A text frame, or a length that is not a multiple of 4, ends the session."""
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        await client.send(bad)
        assert await answers(client) == []
        assert client.close_code == 1000
        await server.wait_until(lambda: not server.open_records)
    assert server.records[0].ended_by in {"text frame", "length is not a multiple of 4"}


@pytest.mark.parametrize("wire", ["modal-pcm", "modal-pcm-subword", "modal-opus"])
async def test_silent_client_is_closed_with_1000(wire: StreamWire) -> None:
    """No message for too long is a normal closure."""
    limits = Limits(pcm_idle_s=0.1, subword_idle_s=0.1)
    server = SttServer(NumberedEngine(), stream_wire=wire, limits=limits)
    async with server, modal(server) as client:
        await answers(client)
        assert client.close_code == 1000
        await server.wait_until(lambda: not server.open_records)
    assert server.records[0].ended_by == "idle"


async def test_subword_tokens_join_to_the_words() -> None:
    """Pieces carry the spaces; accents, marks and spaces within words survive."""
    engine = NumberedEngine({0: FRENCH})
    async with (
        SttServer(engine, stream_wire="modal-pcm-subword") as server,
        modal(server) as client,
    ):
        found = await answers_after(server, client, pcm_messages(said(8)))
    assert "".join(tokens(found)) == " " + " ".join(FRENCH)
    assert tokens(found)[:4] == [" L'é", "té", " es", "t"]
    assert server.words == FRENCH


async def test_subword_pcm_keeps_the_rest_of_odd_messages() -> None:
    """The intermediate server takes any length."""
    audio = said(3).astype("<f4").tobytes()
    blocks = [audio[start : start + 3_333] for start in range(0, len(audio), 3_333)]
    async with (
        SttServer(NumberedEngine(), stream_wire="modal-pcm-subword") as server,
        modal(server) as client,
    ):
        found = await answers_after(server, client, blocks)
    assert tokens(found) == [" w", "1", " w", "2", " w", "3"]


async def test_opus_gives_tokens_and_a_pause_for_each_silent_frame() -> None:
    """Ogg Opus in; sub-word tokens and repeated `vad_end` out."""
    async with (
        SttServer(NumberedEngine(), stream_wire="modal-opus") as server,
        modal(server) as client,
    ):
        found = await answers_after(server, client, ogg_messages(said(5, 1.2)))
    assert "".join(tokens(found)) == " w1 w2 w3 w4 w5"
    pauses = [index for index, a in enumerate(found) if a["type"] == "vad_end"]
    assert len(pauses) >= 5
    assert pauses == list(range(len(found) - len(pauses), len(found)))


async def test_opus_takes_one_frame_of_each_message_in_silence() -> None:
    """Batched pages fall behind as soon as it is quiet."""
    pages = ogg_messages(silence(8.0))
    batches = [b"".join(pages[start : start + 10]) for start in range(0, 100, 10)]
    async with (
        SttServer(NumberedEngine(), stream_wire="modal-opus") as server,
        modal(server) as client,
    ):
        await answers_after(server, client, batches)
    record = server.records[0]
    assert record.messages == 10
    assert 10 < record.frames < 20


async def test_opus_goes_deaf_when_its_buffer_is_full() -> None:
    """Beyond the limit nothing is recognised, and nothing tells the client."""
    pages = ogg_messages(said(20))
    limits = Limits(ogg_buffer_bytes=len(b"".join(pages[:20])))
    async with (
        SttServer(NumberedEngine(), stream_wire="modal-opus", limits=limits) as server,
        modal(server) as client,
    ):
        await answers_after(server, client, pages)
    assert server.records[0].frames == 20
    assert server.records[0].messages == len(pages)


async def test_opus_skips_what_it_cannot_decode() -> None:
    """Garbage instead of pages: no answer, no close."""
    async with (
        SttServer(NumberedEngine(), stream_wire="modal-opus") as server,
        modal(server) as client,
    ):
        found = await answers_after(server, client, [b"not ogg at all"] * 5)
    assert found == []
    assert server.records[0].frames == 0


async def test_opus_dies_of_text() -> None:
    """There are no text messages from client to server."""
    async with (
        SttServer(NumberedEngine(), stream_wire="modal-opus") as server,
        modal(server) as client,
    ):
        await client.send("hello")
        await answers(client)
        assert client.close_code == 1000


async def test_subword_services_ping_in_json() -> None:
    """The ping is a text message of its own type."""
    limits = Limits(ping_s=0.02)
    async with (
        SttServer(NumberedEngine(), stream_wire="modal-opus", limits=limits) as server,
        modal(server) as client,
    ):
        assert [parsed(await client.recv()) for _ in range(3)] == [{"type": "ping"}] * 3


async def test_moshi_says_ready_words_and_steps() -> None:
    """Words with times, a step for each frame with four pause heads."""
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        found = await answers_after(server, client, audio_messages(said(3, 1.0)))
    assert found[0] == {"type": "Ready"}
    words = of_type(found, "Word")
    assert [word["text"] for word in words] == ["w1", "w2", "w3"]
    assert [word["start_time"] for word in words] == pytest.approx(
        [0.0, 0.3, 0.6], abs=0.03
    )
    ends = [end["stop_time"] for end in of_type(found, "EndWord")]
    assert ends == pytest.approx([0.24, 0.54, 0.84], abs=0.03)
    steps = of_type(found, "Step")
    assert [step["step_idx"] for step in steps] == list(range(1, len(steps) + 1))
    assert len(steps) == server.records[0].frames == 24
    assert {len(step["prs"]) for step in steps} == {4}
    assert steps[8]["prs"][2] < 0.5 < steps[-1]["prs"][2]


async def test_moshi_queues_the_rest_of_a_long_message() -> None:
    """1920 samples are used at once, the others show in `buffered_pcm`."""
    message = packed("Audio", pcm=silence(0.4).tolist())
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        found = await answers_after(server, client, [message])
    waiting = [step["buffered_pcm"] for step in of_type(found, "Step")]
    assert waiting == [7_680, 5_760, 3_840, 1_920, 0]


async def test_marker_comes_back_after_the_delay_in_steps() -> None:
    """Six frames behind the marker bring out the words in front of it, then it."""
    speech, flush = said(3, 0.0), silence(0.8)
    messages = [*audio_messages(speech), packed("Marker", id=7), *audio_messages(flush)]
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        found = await answers_after(server, client, messages)
    kinds = [answer["type"] for answer in found]
    marker = found.index({"type": "Marker", "id": 7})
    assert kinds[:marker].count("Step") == len(audio_messages(speech)) + 6
    assert kinds[:marker].count("Word") == 3


async def test_marker_never_comes_back_without_audio() -> None:
    """The steps it waits for happen only while somebody sends."""
    messages = [*audio_messages(said(1, 0.0)), packed("Marker", id=7)]
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        found = await answers_after(server, client, messages)
    assert of_type(found, "Marker") == []


async def test_marker_counts_the_steps_of_other_clients() -> None:
    """Somebody else's audio makes it fall due."""
    async with (
        SttServer(NumberedEngine()) as server,
        moshi(server) as waiting,
        moshi(server) as talking,
    ):
        await waiting.send(packed("Marker", id=9))
        await server.wait_until(lambda: server.records[0].answered == 1)
        await send_all(talking, audio_messages(silence(0.48)))
        await server.wait_until(lambda: server.records[1].answered == 6)
        assert parsed(await waiting.recv()) == {"type": "Ready"}
        assert parsed(await waiting.recv()) == {"type": "Marker", "id": 9}


async def test_init_resets_the_stream() -> None:
    """A second Ready, times from zero, and what was waiting is gone."""
    messages = [
        *audio_messages(spoken_words(0, [1, 2])),
        packed("Init"),
        *audio_messages(np.concatenate([spoken_words(0, [3]), silence(0.6)])),
    ]
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        found = await answers_after(server, client, messages)
    assert len(of_type(found, "Ready")) == 2
    (word,) = of_type(found, "Word")
    assert word["text"] == "w3"
    assert word["start_time"] == pytest.approx(0.0, abs=0.03)
    assert server.records[0].unsent == ["w1", "w2"]


async def test_moshi_takes_ogg_one_frame_a_message() -> None:
    """Pages work too, and more than a frame of them waits."""
    pages = ogg_messages(silence(1.6))
    messages = [packed("OggOpus", data=b"".join(pages[:10]))]
    messages += [packed("OggOpus", data=page) for page in pages[10:]]
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        await answers_after(server, client, messages)
    assert server.records[0].frames == len(messages) == 11


async def test_moshi_without_a_free_place_says_so_and_closes() -> None:
    """An Error message, then a close frame without a code."""
    server = SttServer(NumberedEngine(), max_streams=1)
    async with server, moshi(server), moshi(server) as late:
        found = await answers(late)
        assert found == [{"type": "Error", "message": "no free channels"}]
        assert late.close_code == 1005


@pytest.mark.parametrize(
    "bad",
    [
        b"\xc1",
        msgpack.packb([1]),
        packed("Nonsense"),
        packed("Audio", pcm="loud"),
        packed("Audio", pcm=["loud"]),
        packed("Audio", pcm=[[0.5]]),
        packed("Marker", id="seven"),
    ],
)
async def test_moshi_goes_away_at_a_malformed_message(bad: bytes) -> None:
    """No error message, no close frame."""
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        await client.send(bad)
        assert await answers(client) == [{"type": "Ready"}]
        assert client.close_code == 1006


async def test_moshi_ignores_text() -> None:
    """Text frames are not for it."""
    async with SttServer(NumberedEngine()) as server, moshi(server) as client:
        await client.send("hello")
        await server.wait_until(lambda: server.records[0].answered == 1)
        assert server.records[0].is_open


async def test_moshi_keeps_a_client_that_answers_pings() -> None:
    """Pongs count as signs of life, audio is still asked for in the end."""
    limits = Limits(ping_s=0.05, moshi_unheard_s=0.2, moshi_no_audio_s=0.7)
    async with (
        SttServer(NumberedEngine(), limits=limits) as server,
        moshi(server) as client,
    ):
        await answers(client)
        await server.wait_until(lambda: not server.open_records)
        assert client.close_code == 1006
    assert server.records[0].ended_by == "no audio"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/stream", {}, 401),
        ("/v1/stream", {"Modal-Key": "test-key"}, 401),
        ("/v1/stream", {**MODAL, "Modal-Secret": "wrong"}, 401),
        ("/v1/stream", MOSHI, 401),
        ("/api/asr-streaming", {}, 401),
        ("/api/asr-streaming", MODAL, 401),
        ("/api/asr-streaming", {"kyutai-api-key": "wrong"}, 401),
        ("/api/asr-streaming?auth_id=wrong", {}, 401),
        ("/v2/stream", MODAL, 404),
        ("/", {**MODAL, **MOSHI}, 404),
    ],
)
async def test_handshake_refused(
    path: str, headers: dict[str, str], status: int
) -> None:
    """Wrong credentials are 401, wrong paths 404, and the record has no values."""
    async with SttServer(NumberedEngine()) as server:
        url = server.stream_url.replace("/v1/stream", path)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers=headers)
    assert refused.value.response.status_code == status
    (record,) = server.refused
    assert record.status == status
    assert {name.lower() for name in headers} <= record.header_names
    assert "wrong" not in repr(record) or "wrong" in path
    assert server.records == []


async def test_moshi_takes_the_key_from_the_query() -> None:
    """`?auth_id=` does what the header does."""
    async with SttServer(NumberedEngine()) as server:
        async with connect(f"{server.moshi_url}?auth_id=public_token") as client:
            assert parsed(await client.recv()) == {"type": "Ready"}
        assert server.records[0].path == "/api/asr-streaming"


async def test_credentials_can_change_while_it_runs() -> None:
    """Who is in stays in; the next handshake is refused."""
    async with SttServer(NumberedEngine()) as server, modal(server) as client:
        server.credentials = Credentials(modal_secret="another")
        with pytest.raises(InvalidStatus):
            await modal(server)
        found = await answers_after(server, client, pcm_messages(said(1)))
    assert tokens(found) == ["w1"]


async def test_record_tells_what_happened() -> None:
    """Bytes, frames, seconds, header names, times and the close."""
    messages = pcm_messages(said(2))
    server = SttServer(NumberedEngine(), keep_audio=True)
    async with server, modal(server) as client:
        await answers_after(server, client, messages)
    record = server.records[0]
    assert (record.wire, record.path) == ("modal-pcm", "/v1/stream")
    assert {"modal-key", "modal-secret"} <= record.header_names
    assert "sec-websocket-extensions" not in record.header_names
    assert record.bytes == len(messages) * 7_680
    assert record.frames == record.messages == len(messages)
    assert record.audio_s == pytest.approx(len(messages) * 0.08)
    assert record.close_code == 1000
    assert record.closed_s is not None
    times = [record.opened_s, *(w.sent_s for w in record.words), record.closed_s]
    assert times == sorted(times)
    assert np.array_equal(
        record.heard()[: len(said(2))], said(2)[: len(messages) * 1920]
    )


async def test_several_clients_each_get_their_own_words() -> None:
    """Streams do not mix, on either path."""
    async with (
        SttServer(NumberedEngine({1: FRENCH})) as server,
        modal(server) as first,
        moshi(server) as second,
    ):
        french = np.concatenate([spoken_words(1, range(1, 5)), silence(1.0)])
        async with asyncio.TaskGroup() as group:
            group.create_task(send_all(first, pcm_messages(said(4))))
            group.create_task(send_all(second, audio_messages(french)))
        await server.wait_until(lambda: len(server.words) == 8)
    assert server.records[0].texts == ["w1", "w2", "w3", "w4"]
    assert server.records[1].texts == FRENCH[:4]


async def test_nothing_is_left_when_the_server_ends() -> None:
    """Open clients are closed; no task, no thread stays."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    async with SttServer(NumberedEngine()) as server:
        client = await modal(server)
        await client.send(pcm_messages(said(1))[0])
        await server.wait_until(lambda: server.records[0].answered == 1)
        url = server.stream_url
    with pytest.raises(ConnectionClosed):
        await client.recv()
    assert client.close_code == 1001
    await client.wait_closed()
    assert asyncio.all_tasks() == tasks
    assert set(threading.enumerate()) == threads
    assert server.records[0].closed_s is not None
    with pytest.raises(OSError, match="refused|Connect call failed"):
        await connect(url)


def test_unknown_wire_is_refused() -> None:
    """A typing mistake does not become a default."""
    with pytest.raises(ValueError, match="modal-mp3"):
        SttServer(NumberedEngine(), stream_wire="modal-mp3")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a", [" a"]),
        ("w1", [" w", "1"]),
        ("the", [" th", "e"]),
        ("Hello,", [" Hel", "lo,"]),
        ("l'élève", [" l'é", "lève"]),
        ("recognition", [" rec", "ogni", "tion"]),
        ("New York", [" New", " Yor", "k"]),
    ],
)
def test_subword_pieces(text: str, pieces: list[str]) -> None:
    """The first piece has the space; all together they are the word."""
    assert subword_pieces(text) == pieces
    assert "".join(pieces) == f" {text}"
