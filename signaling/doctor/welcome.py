# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The HPB's page for everybody, `/api/v1/welcome`, and what else may answer there."""

import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx

from calls.services import clock_ahead_s
from signaling.config import HpbConfig
from signaling.hpb.websocket import tls_context

PREFIXES = ("/standalone-signaling", "/signaling", "")
"Where the usual instructions and All-in-One put it."
MAX_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Welcome:
    """What answered."""

    status: int
    version: str
    "Of the HPB; empty if it is none."
    location: str = ""
    "Where a redirect leads."
    wants_tls: bool = False
    clock_ahead_s: float | None = None


class WelcomeError(Exception):
    """Nothing answered; the text has no URL."""

    def __init__(self, seen: str, change: str) -> None:
        super().__init__(seen)
        self.seen = seen
        self.change = change


def base_url(config: HpbConfig) -> str:
    """`wss://host/path/spreed` -> `https://host/path`."""
    parts = urlsplit(config.url)
    scheme = {"ws": "http", "wss": "https"}[parts.scheme]
    return urlunsplit(
        (scheme, parts.netloc, parts.path.removesuffix("/spreed"), "", "")
    )


async def ask(config: HpbConfig, url: str, timeout_s: float) -> Welcome:
    """One request below `url`; raises `WelcomeError`."""
    verify = tls_context(config) or True
    asked_s = time.time()
    try:
        async with httpx.AsyncClient(timeout=timeout_s, verify=verify) as client:
            response = await client.get(f"{url}/api/v1/welcome")
    except httpx.HTTPError as error:
        raise WelcomeError(*_why(error)) from None
    ahead_s = clock_ahead_s(
        response.headers.get("Date", ""), (asked_s + time.time()) / 2
    )
    return Welcome(
        status=response.status_code,
        version=_version(response),
        location=response.headers.get("Location", "")[:200],
        wants_tls=response.status_code == httpx.codes.BAD_REQUEST
        and "https" in response.text[:500].lower(),
        clock_ahead_s=ahead_s,
    )


async def find_prefix(config: HpbConfig, url: str, timeout_s: float) -> str:
    """The URL on the same host at which an HPB does answer; empty if none."""
    parts = urlsplit(url)
    for prefix in PREFIXES:
        other = urlunsplit((parts.scheme, parts.netloc, prefix, "", ""))
        if other == url:
            continue
        try:
            found = await ask(config, other, timeout_s)
        except WelcomeError:
            return ""
        if found.version:
            return other
    return ""


def _version(response: httpx.Response) -> str:
    """Empty for anything but the HPB's answer."""
    try:
        body = response.json()
        is_hpb = bool(body["nextcloud-spreed-signaling"])
    except (ValueError, KeyError, TypeError):
        return ""
    version = body.get("version")
    return str(version)[:MAX_SHOWN] if is_hpb and version else ""


def _why(error: httpx.HTTPError) -> tuple[str, str]:
    """What was seen and what to change."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"Its certificate is not trusted: {cause.verify_message}.",
            "Give the HPB a certificate for this host name from an authority that this "
            "machine trusts, or add yours to the container; for tests alone: "
            "SKIP_CERT_VERIFY=true.",
        )
    if isinstance(cause, ssl.SSLError) or isinstance(error, httpx.ReadError):
        return (
            "The server does not speak TLS on this port.",
            "LT_HPB_URL: begin with http:// if the HPB has no TLS, or name the port "
            "that has.",
        )
    if isinstance(error, httpx.TimeoutException):
        return (
            "The server does not answer in time.",
            "LT_HPB_URL: check host and port; a firewall may drop the packets.",
        )
    if isinstance(error, httpx.ConnectError):
        text = str(error)[:100] or "no connection"
        return (
            f"The server cannot be reached: {text}.",
            "LT_HPB_URL: check host and port, as seen from this container, and that "
            "the HPB runs.",
        )
    return (
        f"The server does not speak HTTP on this port ({type(error).__name__}).",
        "LT_HPB_URL: check the port, and https:// against http://.",
    )
