# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Settings become addresses, wires and credentials; secrets stay out of the log."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from signaling.config import (
    CallConfig,
    HpbConfig,
    IceServer,
    SttConfig,
    call_config,
    guess_wire,
    hpb_config,
    hpb_websocket_url,
    is_modal_host,
    stt_config,
    stt_websocket_url,
)

RUST_HOST = "acme--kyutai-stt-rust-kyutaisttrustservice-serve.modal.run"
PYTHON_HOST = "acme--kyutai-stt-serve.modal.run"


@pytest.fixture
def stt_settings(settings: Settings) -> Settings:
    """Nothing of the environment; every credential has a value."""
    settings.LT_STT_URL = ""
    settings.LT_STT_WIRE = "auto"
    settings.LT_STT_TEXT = "word"
    settings.LT_STT_API_KEY = "api-key"
    settings.LT_STT_CONNECT_TIMEOUT = 90.0
    settings.LT_STT_IDLE_SECONDS = 7.0
    settings.LT_STT_PREWARM = True
    settings.LT_STT_RENEW_SECONDS = 240.0
    settings.LT_STT_MAX_STREAMS = 5
    settings.MODAL_WORKSPACE = "acme"
    settings.MODAL_KEY = "modal-key"
    settings.MODAL_SECRET = "modal-secret"
    settings.MODAL_STT_HOST_SUFFIX = RUST_HOST.removeprefix("acme--")
    return settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://hpb.example.com", "wss://hpb.example.com/spreed"),
        ("https://hpb.example.com/", "wss://hpb.example.com/spreed"),
        (" http://hpb:8080 ", "ws://hpb:8080/spreed"),
        ("wss://hpb.example.com/spreed", "wss://hpb.example.com/spreed"),
        ("wss://hpb.example.com/spreed/", "wss://hpb.example.com/spreed"),
        (
            "https://nc.example.com/standalone-signaling/",
            "wss://nc.example.com/standalone-signaling/spreed",
        ),
        ("ws://[::1]:8188/spreed?x=1#y", "ws://[::1]:8188/spreed"),
    ],
)
def test_usual_spellings_of_the_hpb_become_its_websocket(
    given: str, expected: str
) -> None:
    """Administrators paste what Talk's settings page shows."""
    assert hpb_websocket_url(given) == expected


@pytest.mark.parametrize("skip", [True, False])
def test_hpb_config_takes_the_settings(settings: Settings, skip: bool) -> None:
    """Certificates are verified unless the operator has said otherwise."""
    settings.LT_HPB_URL = "https://hpb.example.com"
    settings.LT_INTERNAL_SECRET = "internal"
    settings.SKIP_CERT_VERIFY = skip
    assert hpb_config(("https://nc.example.com",)) == HpbConfig(
        url="wss://hpb.example.com/spreed",
        secret="internal",
        backends=("https://nc.example.com",),
        verify_certificate=not skip,
    )


def test_call_config_takes_the_settings(settings: Settings) -> None:
    """How long to stay, and for how many speakers."""
    settings.LT_LEAVE_SECONDS = 3.5
    settings.LT_MAX_SPEAKERS = 12
    assert call_config() == CallConfig(leave_s=3.5, max_speakers=12)


def test_stt_config_takes_the_settings(stt_settings: Settings) -> None:
    """Without an address it is derived from the Modal workspace."""
    assert stt_config() == SttConfig(
        url=f"wss://{RUST_HOST}/v1/stream",
        wire="modal-pcm",
        text_style="word",
        headers=(("Modal-Key", "modal-key"), ("Modal-Secret", "modal-secret")),
        connect_timeout_s=90.0,
        idle_s=7.0,
        max_streams=5,
        renew_s=240.0,
        prewarm=True,
    )


@pytest.mark.parametrize(
    ("wire", "given", "expected"),
    [
        ("auto", "", f"wss://{RUST_HOST}/v1/stream"),
        ("auto", "https://stt.example.com", "wss://stt.example.com/api/asr-streaming"),
        ("auto", "http://stt:8080/", "ws://stt:8080/api/asr-streaming"),
        ("auto", f"https://{RUST_HOST}", f"wss://{RUST_HOST}/v1/stream"),
        ("auto", f"http://{RUST_HOST}", f"wss://{RUST_HOST}/v1/stream"),
        ("auto", f"ws://{RUST_HOST}/v1/stream", f"wss://{RUST_HOST}/v1/stream"),
        ("moshi", f"https://{RUST_HOST}", f"wss://{RUST_HOST}/api/asr-streaming"),
        ("modal-pcm", "ws://localhost:9", "ws://localhost:9/v1/stream"),
        ("modal-opus", "ws://localhost:9/own", "ws://localhost:9/own"),
        ("auto", "wss://h/v1/stream?a=b#c", "wss://h/v1/stream?a=b"),
    ],
)
def test_stt_address_is_completed(
    stt_settings: Settings, wire: str, given: str, expected: str
) -> None:
    """A path is added where none is given, for the wire that will be spoken."""
    stt_settings.LT_STT_WIRE = wire
    stt_settings.LT_STT_URL = given
    assert stt_websocket_url() == expected


@pytest.mark.parametrize(
    ("url", "wire"),
    [
        (f"wss://{RUST_HOST}/v1/stream", "modal-pcm"),
        (f"wss://{PYTHON_HOST}/v1/stream", "modal-opus"),
        (f"wss://{PYTHON_HOST}/api/asr-streaming", "moshi"),
        ("ws://localhost:8080/api/asr-streaming/", "moshi"),
        ("ws://localhost:8080/v1/stream", "modal-pcm"),
        ("not a url", "modal-pcm"),
    ],
)
def test_wire_is_guessed_from_the_address(url: str, wire: str) -> None:
    """The path decides first, then the host."""
    assert guess_wire(url) == wire


@pytest.mark.parametrize(
    ("url", "is_modal"),
    [
        (f"wss://{RUST_HOST}/", True),
        ("wss://ACME.MODAL.RUN/", True),
        ("wss://acme.modal.run:443/", True),
        ("wss://acme.modal.run.example.com/", False),
        ("wss://modal.run/", False),
        ("wss://evilmodal.run/", False),
        ("wss://example.com/x.modal.run", False),
        ("wss://acme.modal.run@example.com/", False),
        ("", False),
    ],
)
def test_only_hosts_of_modal_are_taken_for_modal(url: str, is_modal: bool) -> None:
    """Nobody else gets Modal's credentials."""
    assert is_modal_host(url) is is_modal


@pytest.mark.parametrize(
    ("url", "wire", "names"),
    [
        ("wss://stt.example.com/api/asr-streaming", "auto", ["kyutai-api-key"]),
        ("wss://stt.example.com/v1/stream", "auto", []),
        ("wss://stt.example.com/v1/stream", "modal-opus", []),
        (f"wss://{PYTHON_HOST}/v1/stream", "auto", ["Modal-Key", "Modal-Secret"]),
        (f"wss://{PYTHON_HOST}/v1/stream", "moshi", ["kyutai-api-key"]),
    ],
)
def test_credentials_go_to_their_own_kind_of_server(
    stt_settings: Settings, url: str, wire: str, names: list[str]
) -> None:
    """The API key to moshi-server, Modal's key to Modal."""
    stt_settings.LT_STT_URL = url
    stt_settings.LT_STT_WIRE = wire
    assert [name for name, _ in stt_config().headers] == names


@pytest.mark.parametrize(
    "config",
    [
        IceServer(("turn:turn.example.com",), "user", "wonderful"),
        HpbConfig("wss://hpb.example.com/spreed", "wonderful", ()),
        SttConfig("wss://stt", "moshi", headers=(("kyutai-api-key", "wonderful"),)),
    ],
)
def test_secrets_are_not_in_the_representation(config: Any) -> None:
    """A configuration that is logged gives nothing away."""
    assert "wonderful" not in repr(config)
