# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Audio that no connection takes: bounded, paced, and counted by reason."""

import asyncio
from dataclasses import replace

from signaling.stt.events import Ready
from signaling.stt.reasons import Drop
from signaling.stt.stream import SttStream
from signaling.stt.wires import WIRES
from tests.signaling.stt.server import (
    QUICK,
    NumberedMuxer,
    Peer,
    PlainMuxer,
    frames,
    next_of,
    stt_server,
)


async def test_drops_are_counted_by_reason() -> None:
    """Without a connection, with one that is too slow, and at the end."""

    async def stuck(peer: Peer) -> None:
        peer.shrink_buffer()
        await asyncio.sleep(1.0)

    async with stt_server(stuck) as stt:
        stream = SttStream(
            stt.config(),
            WIRES["modal-pcm"],
            PlainMuxer,
            timing=replace(QUICK, send_s=5.0, finish_s=0.3),
        )
        for _ in range(188 + 7):
            stream.send(bytes(400_000))
        assert stream.drops == {Drop.NO_CONNECTION: 7}
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stream.run())
            await stt.connections(1)
            assert await next_of(stream, Ready) == Ready()
            await asyncio.sleep(0.1)
            for _ in range(50):
                stream.send(b"\x00")
            await stream.finish()
    assert stream.drops[Drop.NO_CONNECTION] == 7
    assert stream.drops[Drop.SLOW_SERVER] > 0
    assert stream.drops[Drop.ENDED] > 0
    sent = stream.counters.sent_frames
    assert sent + stream.dropped_frames == 188 + 7 + 50


async def test_replay_after_an_outage_is_paced() -> None:
    """Fifteen seconds at most, at no more than twice real time, the oldest lost."""

    async def say_when_here(peer: Peer) -> None:
        await peer.until_closed()

    async with stt_server(say_when_here) as stt:
        stream = SttStream(
            stt.config(), WIRES["modal-pcm"], NumberedMuxer, timing=QUICK
        )
        for number in range(200):
            stream.send(number)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stream.run())
            await stt.until(lambda: bool(stt.peers) and len(stt.peers[0].messages) > 30)
            heard = frames(stt.peers[0].messages)
            times_s = stt.peers[0].times_s
            await stream.finish()
    assert heard[0] == 12
    assert times_s[-1] - times_s[0] >= 0.9 * len(heard) * 0.04 - 0.2
    assert stream.drops[Drop.NO_CONNECTION] == 12
