# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The service is woken once, and only if the operator wants to pay for it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from signaling.audio.ogg import PlainMuxer
from signaling.audio.pcm import PcmFramer
from signaling.config import SttConfig
from signaling.stt.stream import SttStream
from signaling.stt.wires import WIRES
from signaling.supervisor.prewarm import Prewarmer


@pytest.fixture
async def stt() -> AsyncIterator[SttServer]:
    """A service that answers at once."""
    async with SttServer(NumberedEngine()) as server:
        yield server


def prewarmer(stt: SttServer, *, enabled: bool = True) -> Prewarmer:
    """For this server."""
    config = SttConfig(
        url=stt.moshi_url,
        wire="moshi",
        headers=(("kyutai-api-key", "public_token"),),
    )
    return Prewarmer(
        lambda: SttStream(config, WIRES["moshi"], PlainMuxer),
        PcmFramer,
        enabled=enabled,
    )


async def test_calls_that_begin_together_share_one_attempt(stt: SttServer) -> None:
    """One connection, closed as soon as it is answered."""
    warmer = prewarmer(stt)
    await asyncio.gather(*(warmer.warm() for _ in range(20)))
    await warmer.warm()
    assert (stt.handshakes, warmer.attempts) == (1, 1)
    assert stt.open_records == []
    assert 0 < warmer.stt_s < 5


async def test_switched_off_it_costs_nothing(stt: SttServer) -> None:
    """That is the default."""
    await prewarmer(stt, enabled=False).warm()
    assert stt.handshakes == 0


async def test_a_refusal_ends_the_attempt(stt: SttServer) -> None:
    """The first speech meets it again, and tells the operator."""
    stt.faults.handshake_status = 401
    warmer = prewarmer(stt)
    await warmer.warm()
    assert (stt.handshakes, warmer.attempts) == (1, 1)


async def test_it_ends_with_its_call(stt: SttServer) -> None:
    """A cold start does not hold up the end of a call."""
    stt.faults.handshake_delay_s = 60.0
    task = asyncio.create_task(prewarmer(stt).warm())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
