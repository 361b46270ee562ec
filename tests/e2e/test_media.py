# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The way of the audio, where the media server or the network is not as it should be."""

from typing import Any

import pytest
from aiortc.rtcdtlstransport import RTCCertificate
from OpenSSL import SSL

from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.stun import StunServer
from devkit.tones import spoken_words

pytestmark = [pytest.mark.hpb, pytest.mark.timeout(90)]

ROOM = "media"
RSA = b"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"


@pytest.fixture
def browser_like(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers get along with RSA certificates; the speaker's library does not."""
    create = RTCCertificate._create_ssl_context

    def with_rsa(certificate: RTCCertificate, srtp_profiles: Any) -> SSL.Context:
        context = create(certificate, srtp_profiles)
        context.set_cipher_list(RSA)
        return context

    monkeypatch.setattr(RTCCertificate, "_create_ssl_context", with_rsa)


@pytest.mark.usefixtures("browser_like")
async def test_an_rsa_certificate_is_named_with_the_setting_to_change() -> None:
    """People in the call hear each other; only we do not, and say why."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm", janus_rsa=True) as call,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(
            call.nextcloud, ROOM, "Ann", spoken_words(0, range(1, 9), 48_000)
        ) as speaker,
    ):
        await viewer.enter_call()
        await speaker.enter_call()
        await viewer.press_cc()
        await call.app.wait_for_log("rsa_private_key", 20.0)
        assert "Traceback" not in call.app.log


async def test_silent_stun_and_turn_servers_are_left_out() -> None:
    """They are named, and the first words are not held up by them."""
    async with StunServer(lambda request: None) as silent:
        words, log = await first_words(silent)
        assert words[0] == "w1"
        for scheme in ("stun", "turn"):
            assert f"{silent.url(scheme)} does not answer" in log


async def test_expired_turn_credentials_do_not_end_captions() -> None:
    """The server refuses them; where UDP works nobody needs it."""
    async with StunServer() as turn:
        words, log = await first_words(turn)
        assert words[0] == "w1"
        assert "Traceback" not in log
        assert any("USERNAME" in message.attributes for message in turn.asked)


async def first_words(server: StunServer) -> tuple[list[str], str]:
    """Words of a call with this STUN and TURN server, and what the app logged."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(
            call.nextcloud, ROOM, "Ann", spoken_words(0, range(1, 60), 48_000)
        ) as speaker,
    ):
        call.nextcloud.stun_servers = [{"urls": [server.url("stun")]}]
        call.nextcloud.turn_servers = [
            {"urls": [server.url("turn")], "username": "u", "credential": "s"}
        ]
        await viewer.enter_call()
        await speaker.enter_call()
        await viewer.press_cc()
        await call.wait_heard(1, 4.0)
        speaker.speak()
        await viewer.wait_for_captions(1)
        return viewer.words_of(speaker), call.app.log


async def test_a_publisher_whom_the_list_lacks_is_heard() -> None:
    """The HPB's list of the call is behind: the room shows somebody who speaks."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(
            call.nextcloud, ROOM, "Ann", spoken_words(0, range(1, 20), 48_000)
        ) as speaker,
    ):
        await viewer.enter_call()
        await speaker.publish()  # and nobody is told that she is in the call
        await viewer.press_cc()
        await call.wait_heard(1)
        speaker.speak()
        await viewer.wait_for_captions(2)
        assert viewer.words_of(speaker)[0] == "w1"
