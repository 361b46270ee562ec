# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the self-test says about broken speech-to-text."""

from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from devkit.moonshine import MoonshineEngine
from devkit.stt import SttServer
from devkit.stt_record import Credentials
from signaling.doctor.catalogue import CHECKS, subject
from signaling.doctor.result import Level
from signaling.doctor.run import chosen, run
from tests.signaling.doctor.conftest import LIMITS, Examine

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.engine
async def test_sample_is_understood(settings: Settings, examine: Examine) -> None:
    """By a recogniser that listens."""
    with MoonshineEngine() as engine:
        keys = Credentials(modal_key="", modal_secret="")
        async with SttServer(engine, credentials=keys) as server:
            settings.LT_STT_URL = server.stream_url
            settings.LT_STT_WIRE = "modal-pcm"
            found = await examine("speech", speech_s=15.0)
    assert found["speech"].level is Level.OK
    assert found["speech"].seen.startswith("12 of 12 words understood, ")


async def test_wrong_modal_key(
    stt: SttServer, settings: Settings, examine: Examine
) -> None:
    stt.credentials = Credentials(modal_key="canary-of-modal")
    settings.MODAL_KEY = "canary-that-is-wrong"
    found = await examine("speech")
    assert found["stt"].level is Level.FAILURE
    assert "MODAL_KEY and MODAL_SECRET" in found["stt"].change
    assert found["speech"].level is Level.SKIPPED
    assert "canary" not in str(found)


async def test_unknown_workspace(
    stt: SttServer, settings: Settings, examine: Examine
) -> None:
    """Modal answers 404 for a workspace or an app that there is not."""
    settings.LT_STT_URL = stt.stream_url.replace("/v1/stream", "/v1/nothing")
    found = (await examine("stt"))["stt"]
    assert "HTTP 404" in found.seen
    assert "MODAL_WORKSPACE and MODAL_STT_HOST_SUFFIX" in found.change


async def test_silent_service(stt: SttServer, examine: Examine) -> None:
    stt.engine.script_of = lambda voiced: None  # type: ignore[attr-defined]
    found = await examine("speech")
    assert found["stt"].level is Level.OK
    assert found["speech"].level is Level.FAILURE
    assert "says nothing" in found["speech"].seen
    assert "LT_STT_WIRE (modal-pcm now)" in found["speech"].change


async def test_wrong_wire(stt: SttServer, settings: Settings, examine: Examine) -> None:
    """A moshi-server that is spoken to as if it were Modal's service."""
    settings.LT_STT_URL = stt.moshi_url
    stt.credentials = Credentials(api_key="")
    found = await examine("speech", speech_s=3.0)
    assert found["speech"].level is Level.FAILURE
    assert "LT_STT_WIRE (modal-pcm now)" in found["speech"].change


async def test_cold_start_is_announced(stt: SttServer) -> None:
    stt.faults.handshake_delay_s = 0.3
    told: list[str] = []
    cold = subject(limits=replace(LIMITS, cold_start_s=0.1), tell=told.append)
    (result,) = await run(chosen(CHECKS, ["stt"]), cold)
    assert result.level is Level.OK
    assert "starts cold" in told[0]
    assert "LT_STT_CONNECT_TIMEOUT" in told[0]


async def test_nobody_listens(
    stt: SttServer, settings: Settings, examine: Examine
) -> None:
    stt.faults.handshake_delay_s = 5.0
    settings.LT_STT_CONNECT_TIMEOUT = 0.2
    found = (await examine("stt"))["stt"]
    assert "no answer to the handshake in time" in found.seen
    assert "LT_STT_URL" in found.change
