# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A stream's ordinary life: audio out, words in, renewal, backlog, pace."""

import asyncio
import logging
import time

import msgpack
import pytest

from signaling.config import SttConfig
from signaling.stt.events import Closed, Pause, Ready, Word
from signaling.stt.modal_opus import ModalOpusWire
from signaling.stt.modal_pcm import ModalPcmWire
from signaling.stt.moshi import MoshiWire
from signaling.stt.reasons import Renewal
from signaling.stt.state import StreamState
from signaling.stt.stream import SttStream
from signaling.stt.wire import FRAME_BYTES, Limits
from signaling.stt.wires import WIRES
from tests.signaling.stt.server import (
    NumberedMuxer,
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


async def say_each_frame(peer: Peer) -> None:
    """One word per frame, named after it."""
    while True:
        for number in frames(await peer.receive()):
            await peer.say(token(f"w{number}"))


async def state_of(stream: SttStream) -> StreamState:
    """The state now; a type checker takes an attribute for unchanged."""
    return stream.state


async def test_headers_go_first_then_one_message_per_frame() -> None:
    """And the end page last, with close code 1000."""
    async with stt_server(say_each_frame) as stt:
        async with running(stt.config(text_style="word")) as stream:
            for number in range(3):
                stream.send(number)
            await stream.finish()
        assert parts(stt.peers[0].messages) == ["head", "tags", "0", "1", "2", "end"]
        assert stt.peers[0].socket.close_code == 1000
        events = await rest(stream)
    assert events == [Ready(), Word("w0"), Word("w1"), Word("w2"), Closed()]
    assert stream.state is StreamState.CLOSED
    assert (stream.words, stream.reconnects, stream.dropped_frames) == (3, 0, 0)
    assert stream.sent_s == pytest.approx(0.24)


async def test_pieces_pauses_and_noise_become_words_and_pauses() -> None:
    """A pause completes the word before it; garbage is counted and harmless."""

    async def script(peer: Peer) -> None:
        await peer.receive(2)
        await peer.say(b"\x00", "{", '{"type":"ping"}', '{"type":"new"}')
        await peer.say(token(" Hel"), token("lo"), '{"type":"vad_end"}')
        await peer.say('{"type":"vad_end"}', token(" you"))
        await peer.until_closed()

    async with stt_server(script) as stt:
        async with running(stt.config("modal-opus")) as stream:
            stream.send(0)
            await next_of(stream, Pause)
        events = await rest(stream)
    assert events == [Word("you"), Closed()]
    assert stream.counters.garbage == 3


async def test_undecided_words_come_within_their_wait() -> None:
    """Without a third token the first two leave after 300 ms."""

    async def script(peer: Peer) -> None:
        await peer.say(token("one"), token("two"))
        await peer.until_closed()

    async with stt_server(script) as stt, running(stt.config()) as stream:
        began_s = time.monotonic()
        assert await next_of(stream, Word) == Word("one")
        assert await next_of(stream, Word) == Word("two")
        assert time.monotonic() - began_s > 0.15


async def test_moshi_gets_audio_only_after_ready() -> None:
    """What it was sent before its channel is reset would be lost."""
    is_ready = asyncio.Event()

    async def script(peer: Peer) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await peer.receive()
        is_ready.set()
        await peer.say(packed("Ready"))
        await peer.receive()
        await peer.say(packed("Word", text="Hi", start_time=0.5))
        await peer.until_closed()

    async with stt_server(script) as stt:
        async with running(stt.config("moshi"), new_muxer=PlainMuxer) as stream:
            stream.send(bytes(FRAME_BYTES))
            assert stream.state is StreamState.CONNECTING
            assert await stream.events.get() == Ready()
            assert is_ready.is_set()
            assert await state_of(stream) is StreamState.OPEN
            assert await next_of(stream, Word) == Word("Hi", 0.5)
        audio = msgpack.unpackb(stt.peers[0].messages[0])
    assert audio == {"type": "Audio", "pcm": [0.0] * 1920}


async def test_backlog_goes_out_at_twice_real_time_and_live_frames_at_once() -> None:
    """A service that starts cold is not flooded with what waited for it."""

    async def script(peer: Peer) -> None:
        await peer.receive(12)
        await peer.say(token("caught"), token("up"), token("now"))
        await peer.until_closed()

    async with stt_server(script) as stt:
        async with running(stt.config()) as stream:
            for number in range(10):
                stream.send(number)
            await next_of(stream, Word)
            sent_s = time.monotonic()
            stream.send(10)
            await stt.until(lambda: len(stt.peers[0].messages) == 13)
        times_s = stt.peers[0].times_s
    assert 0.3 < times_s[11] - times_s[2] < 1.5
    assert times_s[12] - sent_s < 0.3


async def test_pace_is_kept_by_the_given_clock() -> None:
    """A clock that runs a hundred times faster empties the backlog in no time."""
    async with stt_server(say_each_frame) as stt:
        began_s = time.monotonic()
        async with running(
            stt.config(text_style="word"), clock=lambda: time.monotonic() * 100
        ) as stream:
            for number in range(100):
                stream.send(number)
            for _ in range(100):
                await next_of(stream, Word)
            assert time.monotonic() - began_s < 2.0


async def test_oldest_audio_is_dropped_counted_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a connection 15 s are kept; `send` never waits."""
    config = SttConfig("ws://127.0.0.1:1/", "modal-pcm")
    stream = SttStream(config, WIRES["modal-pcm"], NumberedMuxer)
    with caplog.at_level(logging.WARNING, "signaling.stt"):
        for number in range(188 + 50):
            stream.send(number)
    assert stream.dropped_frames == 50
    assert len(caplog.records) == 1


async def test_silence_brings_out_the_last_words_before_a_renewal() -> None:
    """The old connection is flushed, the new one has headers of its own."""

    async def speak_late(peer: Peer) -> None:
        await peer.receive(2)
        while True:
            is_audio = frames(await peer.receive())
            heard = frames(peer.messages)
            # Two more frames bring out a word, as the model's delay does.
            if is_audio and len(heard) > 2 and heard[-3] < 1000:
                await peer.say(token(f"w{heard[-3]}"))

    wire = ModalOpusWire()
    wire.limits = Limits(connection_s=0.25)
    async with stt_server(speak_late) as stt:
        async with running(
            stt.config("modal-opus", text_style="word"),
            wire=wire,
            new_silence=lambda: [1000, 1001],
        ) as stream:
            for number in range(12):
                stream.send(number)
                await asyncio.sleep(0.06)
            await stt.connections(2)
            stream.send(12)
            stream.send(13)
        events = await rest(stream)
        used = [peer for peer in stt.peers if min(frames(peer.messages)) < 1000]
        heard = [frames(peer.messages) for peer in used]
        ends = [parts(peer.messages)[-1] for peer in used]
        names = [peer.messages[0] for peer in used]
    real = [number for numbers in heard for number in numbers if number < 1000]
    assert real == list(range(14))
    assert heard[0][-2:] == [1000, 1001]
    assert set(ends) == {"end"}
    assert len(set(names)) == len(names)
    # The test ends without silence, so the last connection's delay keeps two words.
    assert texts(events) == [f"w{number}" for number in range(12)]
    assert events.count(Ready()) == 1
    assert stream.counters.renewals[Renewal.AGE] == len(heard) - 1 > 0


async def test_wire_makes_its_own_silence_for_a_renewal() -> None:
    """Raw audio needs no encoder for zeros."""
    wire = ModalPcmWire()
    wire.limits = Limits(connection_s=60, connection_bytes=3 * FRAME_BYTES)

    async def listen(peer: Peer) -> None:
        await peer.until_closed()

    async with stt_server(listen) as stt:
        async with running(stt.config(), wire=wire, new_muxer=PlainMuxer) as stream:
            for _ in range(4):
                stream.send(b"\x01" * FRAME_BYTES)
            await stt.connections(2)
        first, second = (peer.messages for peer in stt.peers)
    assert first == [b"\x01" * FRAME_BYTES] * 3 + [bytes(FRAME_BYTES)] * 3
    assert second == [b"\x01" * FRAME_BYTES]


async def test_renewal_sends_its_silence_before_the_marker() -> None:
    """A marker waits for the model's delay only, a last word for a second more."""
    wire = MoshiWire()
    wire.limits = Limits(connection_s=60, connection_bytes=1)

    async def script(peer: Peer) -> None:
        await peer.say(packed("Ready"))
        while True:
            message = msgpack.unpackb((await peer.receive())[0])
            if message["type"] == "Marker":
                await peer.say(packed("Marker", id=message["id"]))

    async with stt_server(script) as stt:
        async with running(
            stt.config("moshi"), wire=wire, new_muxer=PlainMuxer
        ) as stream:
            stream.send(b"\x01" * FRAME_BYTES)
            await stt.connections(2)
        kinds = [msgpack.unpackb(message)["type"] for message in stt.peers[0].messages]
    assert kinds[:5] == ["Audio", "Audio", "Audio", "Audio", "Marker"]


async def test_finish_while_a_renewal_begins_does_not_spare_its_silence() -> None:
    """The silence of whoever finishes goes to the next connection, not to this one."""
    wire = ModalOpusWire()
    wire.limits = Limits(connection_s=60, connection_bytes=30)
    streams: list[SttStream] = []

    async def listen(peer: Peer) -> None:
        await peer.until_closed()

    class FinishingMuxer(NumberedMuxer):
        """The stream is finished with the frame that makes a renewal due."""

        def frame(self, frame: object) -> bytes:
            streams[0]._parts.ending.wish()
            return super().frame(frame)

    async with stt_server(listen) as stt:
        async with running(
            stt.config("modal-opus"),
            wire=wire,
            new_muxer=FinishingMuxer,
            new_silence=lambda: [1000],
        ) as stream:
            streams.append(stream)
            stream.send("a frame that is longer than the limit allows")
            stream.send(1)
        first, second = (parts(peer.messages) for peer in stt.peers)
    assert first[-2:] == ["1000", "end"]
    assert second[:3] == ["head", "tags", "1"]


async def test_finish_during_a_renewal_still_sends_what_waits() -> None:
    """Audio that came while the old connection was flushed is heard."""
    wire = ModalOpusWire()
    wire.limits = Limits(connection_s=0.1)
    async with stt_server(say_each_frame) as stt:
        async with running(
            stt.config("modal-opus", text_style="word"), wire=wire
        ) as stream:
            stream.send(0)
            await asyncio.sleep(0.12)
            stream.send(1)
            await stt.until(lambda: "end" in parts(stt.peers[0].messages))
            assert stream.state is StreamState.OPEN
            stream.send(2)
            await stream.finish()
        events = await rest(stream)
    assert texts(events) == ["w0", "w1", "w2"]
    assert stream.dropped_frames == 0


async def test_frames_after_the_end_are_counted_as_dropped() -> None:
    """Nobody takes them any more."""
    async with stt_server(say_each_frame) as stt:
        async with running(stt.config()) as stream:
            await next_of(stream, Ready)
        stream.send(1)
        stream.send(2)
    assert stream.dropped_frames == 2
