# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A call with canaries for secrets and words; then all that the app wrote is searched."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.stun import StunServer
from devkit.surroundings import WireName
from devkit.tones import spoken_words

pytestmark = [pytest.mark.hpb, pytest.mark.timeout(90)]

ROOM = "canaryroom"
CANARIES = {
    "LT_STT_API_KEY": "canary-moshi-key",
    "MODAL_KEY": "canary-modal-key",
    "MODAL_SECRET": "canary-modal-secret",
    "MODAL_WORKSPACE": "acme",
}
TURN_PASSWORD = "canary-turn-credential"
WORDS = tuple(f"canaryword{letter}" for letter in "abcdefghijklmnop")


def written(call: LocalCall) -> bytes:
    """The log at its most talkative, and every file on the data volume."""
    volume = Path(call.app.environment["APP_PERSISTENT_STORAGE"])
    files = [path for path in volume.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite3" for path in files)
    return b"\n".join(path.read_bytes() for path in files)


def forms(secret: str) -> list[bytes]:
    """A secret as it stands, and as a header would carry it."""
    plain = secret.encode()
    return [plain, base64.b64encode(plain), base64.b64encode(b":" + plain)]


@pytest.mark.parametrize("wire", ["moshi", "modal-pcm"])
async def test_no_secret_and_no_word_is_written_anywhere(wire: WireName) -> None:
    """Log level debug, with everything that complains made to complain."""
    environment = {**CANARIES, "LOG_LEVEL": "debug"}
    engine = NumberedEngine({0: WORDS * 10})
    async with (
        StunServer() as turn,
        LocalCall(engine, wire, environment=environment) as call,
    ):
        key = CANARIES["LT_STT_API_KEY"]
        call.stt.credentials = replace(call.stt.credentials, api_key=key)
        call.nextcloud.turn_servers = [
            {
                "urls": [turn.url("turn")],
                "username": "canary-turn-user",
                "credential": TURN_PASSWORD,
            }
        ]
        await caption_and_refuse(call)
        answers = await ask_everything(call)
        await call.app.stop()
        # The credentials were really used, and refused.
        assert any("USERNAME" in message.attributes for message in turn.asked)
        everything = written(call) + answers
        for secret in secrets_of(call):
            for form in forms(secret):
                assert form not in everything, secret
        assert b"canaryword" not in everything
        assert call.app.log.count(" DEBUG ") > 10  # it was talkative indeed


async def caption_and_refuse(call: LocalCall) -> None:
    """A captioned call, in which speech-to-text then refuses our credentials."""
    audio = spoken_words(0, range(1, 120), 48_000)
    async with (
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(call.nextcloud, ROOM, "Ann", audio) as speaker,
    ):
        await viewer.enter_call()
        await speaker.enter_call()
        speaker.speak()
        await viewer.press_cc()
        await viewer.wait_for_captions(2, 30.0)
        heard = {word for caption in viewer.captions for word in caption.text.split()}
        assert heard <= set(WORDS)
        call.stt.cut()
        call.stt.faults.handshake_status = 401
        await call.app.wait_for_log("HTTP 401", 20.0)


async def ask_everything(call: LocalCall) -> bytes:
    """What the app answers, to good requests and bad ones."""
    talk = call.nextcloud.talk
    answers = [
        await talk.status(),
        await talk.capabilities(),
        await talk.request("GET", "/health"),
        await talk.request("GET", "/enabled"),
        await talk.request("POST", "/api/v1/call/transcribe", json=[TURN_PASSWORD]),
    ]
    return b"\n".join(answer.content for answer in answers)


def secrets_of(call: LocalCall) -> list[str]:
    """All that the app was trusted with."""
    return [
        *(value for name, value in CANARIES.items() if name != "MODAL_WORKSPACE"),
        TURN_PASSWORD,
        call.hpb.internal_secret,
        call.nextcloud.credentials.secret,
        call.nextcloud.backend_secret,
    ]
