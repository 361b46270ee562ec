# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Frozen configuration of a call; the only reader of settings in this package."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

MODAL_DOMAIN = ".modal.run"
# Paths the two kinds of service listen on (kyutai_modal, moshi-server).
MODAL_PATH = "/v1/stream"
MOSHI_PATH = "/api/asr-streaming"


@dataclass(frozen=True, slots=True)
class IceServer:
    """One STUN or TURN server as Talk's signaling settings name it."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HpbConfig:
    """How to reach the HPB and say hello."""

    url: str
    "Websocket URL, ending in /spreed."
    secret: str = field(repr=False)
    "The HPB's `[clients] internalsecret`."
    backends: tuple[str, ...]
    "URLs under which the HPB may know this Nextcloud, best guess first."
    verify_certificate: bool = True


@dataclass(frozen=True, slots=True)
class SttConfig:
    """How to reach speech-to-text."""

    url: str
    wire: str
    "`modal-pcm`, `modal-opus` or `moshi`."
    text_style: str = "auto"
    "`auto`, `word` or `subword`."
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    "Credentials for the handshake."
    connect_timeout_s: float = 120.0
    "A cold container takes up to 90 s to answer the handshake."
    idle_s: float = 20.0
    max_streams: int = 80
    renew_s: float = 0.0
    "Age at which a connection is replaced by another; 0 is as the wire needs it."
    prewarm: bool = False
    "Reach the service at the first CC, before anybody speaks."


@dataclass(frozen=True, slots=True)
class CallConfig:
    """How a call behaves."""

    leave_s: float = 10.0
    "Seconds after the last recipient until the call is left."
    max_speakers: int = 0
    "Speakers captioned at once in this process; 0 is no limit."


def hpb_config(backends: tuple[str, ...]) -> HpbConfig:
    """Configuration of the HPB from the settings."""
    return HpbConfig(
        url=hpb_websocket_url(settings.LT_HPB_URL),
        secret=settings.LT_INTERNAL_SECRET,
        backends=backends,
        verify_certificate=not settings.SKIP_CERT_VERIFY,
    )


def hpb_websocket_url(url: str) -> str:
    """`https://hpb.example.com/` or any usual spelling -> `wss://…/spreed`."""
    parts = urlsplit(url.strip())
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path.rstrip("/")
    if not path.endswith("/spreed"):
        path += "/spreed"
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def call_config() -> CallConfig:
    """Configuration of calls from the settings."""
    return CallConfig(
        leave_s=settings.LT_LEAVE_SECONDS, max_speakers=settings.LT_MAX_SPEAKERS
    )


def workers_folder() -> Path:
    """Where the workers of one volume keep their locks."""
    return Path(settings.APP_PERSISTENT_STORAGE) / "workers"


def stt_config() -> SttConfig:
    """Configuration of speech-to-text from the settings."""
    url = stt_websocket_url()
    wire = settings.LT_STT_WIRE
    if wire == "auto":
        wire = guess_wire(url)
    return SttConfig(
        url=url,
        wire=wire,
        text_style=settings.LT_STT_TEXT,
        headers=_stt_headers(url, wire),
        connect_timeout_s=settings.LT_STT_CONNECT_TIMEOUT,
        idle_s=settings.LT_STT_IDLE_SECONDS,
        max_streams=settings.LT_STT_MAX_STREAMS,
        renew_s=settings.LT_STT_RENEW_SECONDS,
        prewarm=settings.LT_STT_PREWARM,
    )


def stt_websocket_url() -> str:
    """The configured speech-to-text URL as ws(s)://, derived for Modal if unset."""
    url: str = settings.LT_STT_URL
    if not url:
        suffix = settings.MODAL_STT_HOST_SUFFIX
        return f"wss://{settings.MODAL_WORKSPACE}--{suffix}{MODAL_PATH}"
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if is_modal_host(url):
        scheme = "wss"  # the credentials that go along are not for everybody to read
    path = parts.path
    if path in ("", "/"):
        wire = settings.LT_STT_WIRE
        moshi = wire == "moshi" or (wire == "auto" and not is_modal_host(url))
        path = MOSHI_PATH if moshi else MODAL_PATH
    return urlunsplit((scheme, parts.netloc, path, parts.query, ""))


def guess_wire(url: str) -> str:
    """The wire an endpoint most likely speaks, from its URL alone."""
    parts = urlsplit(url)
    if parts.path.rstrip("/").endswith(MOSHI_PATH):
        return "moshi"
    if is_modal_host(url) and "stt-rust" not in (parts.hostname or ""):
        return "modal-opus"
    return "modal-pcm"


def is_modal_host(url: str) -> bool:
    """Whether the host is Modal's; nobody else ever gets Modal credentials."""
    return (urlsplit(url).hostname or "").endswith(MODAL_DOMAIN)


def _stt_headers(url: str, wire: str) -> tuple[tuple[str, str], ...]:
    if wire == "moshi":
        return (("kyutai-api-key", settings.LT_STT_API_KEY),)
    if is_modal_host(url):
        return (
            ("Modal-Key", settings.MODAL_KEY),
            ("Modal-Secret", settings.MODAL_SECRET),
        )
    return ()
