# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Cameras in the call cost nothing: video is refused, so none is ever received."""

import asyncio
from contextlib import AsyncExitStack

import psutil
import pytest

from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import NUMBERS, spoken_words

pytestmark = [pytest.mark.hpb, pytest.mark.timeout(240)]

ROOM = "cameras"
CAMERAS = 4
SECONDS = 20.0
WARM_UP_S = 8.0
MEMORY_MIB = 2.0


async def test_four_cameras_change_nothing() -> None:
    """Memory stays, no thread is added, and the words still come."""
    async with AsyncExitStack() as stack:
        call = await stack.enter_async_context(
            LocalCall(NumberedEngine(), "modal-opus")
        )
        viewer = Viewer(call.nextcloud, ROOM, "Vera")
        await stack.enter_async_context(viewer)
        await viewer.enter_call()
        for voice in range(CAMERAS):
            audio = spoken_words(voice, range(1, NUMBERS + 1), 48_000)
            speaker = Speaker(
                call.nextcloud, ROOM, f"Speaker {voice}", audio, loop=True, camera=True
            )
            await stack.enter_async_context(speaker)
            await speaker.enter_call()
            speaker.speak()
        await viewer.press_cc()
        await call.wait_heard(CAMERAS)
        await asyncio.sleep(WARM_UP_S)
        before, captions = _memory_mib(call.app.usage), len(viewer.captions)
        received = psutil.net_io_counters(pernic=True)["lo"].bytes_recv
        await asyncio.sleep(SECONDS)
        # The cameras are really there: Janus gets what nobody asks it for.
        assert psutil.net_io_counters(pernic=True)["lo"].bytes_recv - received > (
            CAMERAS * 80_000 * SECONDS
        )
        assert _memory_mib(call.app.usage) - before < MEMORY_MIB
        assert len(viewer.captions) > captions + SECONDS


def _memory_mib(process: psutil.Process) -> float:
    memory = process.memory_info()
    return (memory.rss - memory.shared) / 2**20
