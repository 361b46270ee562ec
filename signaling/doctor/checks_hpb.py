# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The HPB: there, ours, with a media server."""

import ipaddress
import time
from dataclasses import replace
from urllib.parse import urlsplit

from calls import services
from signaling.doctor import hpbsession, welcome
from signaling.doctor.check import Subject
from signaling.doctor.checks_settings import ENVIRONMENT_HINT
from signaling.doctor.hpbsession import Greeting
from signaling.doctor.inventory import without_credentials
from signaling.doctor.result import Finding, failure, ok, warning
from signaling.doctor.welcome import Welcome, WelcomeError
from signaling.errors import HpbUnavailableError
from signaling.hpb.refusals import hello_refusal, hello_trouble

REDIRECTS = frozenset({301, 302, 303, 307, 308})
NO_GATEWAY = frozenset({502, 503, 504})
USEFUL = ("mcu", "audio-video-permissions", "recipient-call", "join-features")
UNKNOWN_BACKEND = "invalid_backend"


async def check_hpb(subject: Subject) -> Finding:
    """Its page for everybody: address, TLS, path."""
    if not subject.hpb_url:
        return failure("LT_HPB_URL is not set.", ENVIRONMENT_HINT)
    url, timeout_s = welcome.base_url(subject.hpb), subject.limits.request_s
    try:
        found = await welcome.ask(subject.hpb, url, timeout_s)
        if not found.version:
            prefix = await welcome.find_prefix(subject.hpb, url, timeout_s)
            return _not_there(found, url, prefix)
    except WelcomeError as error:
        return failure(error.seen, error.change)
    if found.clock_ahead_s is not None:
        subject.clocks["the HPB"] = found.clock_ahead_s
    seen = f"HPB {found.version} answers at {without_credentials(url)}."
    if url.startswith("http:") and not _is_near(url):
        return warning(
            f"{seen} Nothing is encrypted on the way to it.",
            "Give the HPB TLS, and let LT_HPB_URL begin with https://.",
        )
    return ok(seen)


def _not_there(found: Welcome, url: str, other_url: str) -> Finding:
    """Something else answers."""
    if found.location.startswith("https:") and found.status in REDIRECTS:
        return failure(
            "The server sends us on to https.",
            "LT_HPB_URL has to begin with https://.",
        )
    if found.wants_tls:
        return failure(
            "The server wants TLS on this port.",
            "LT_HPB_URL has to begin with https://.",
        )
    if other_url:
        return failure(
            f"No HPB answers here (HTTP {found.status}), but one does at "
            f"{without_credentials(other_url)}.",
            f"LT_HPB_URL={without_credentials(other_url)}",
        )
    if found.status in NO_GATEWAY:
        return failure(
            f"The web server in front of the HPB cannot reach it (HTTP {found.status}).",
            "Start the HPB, and look at that web server's configuration.",
        )
    return failure(
        f"No HPB answers at {without_credentials(url)} (HTTP {found.status}).",
        "LT_HPB_URL is the address that Talk's settings have for the High-performance "
        "backend, with its path, as https://cloud.example.com/standalone-signaling.",
    )


def _is_near(url: str) -> bool:
    """Whether the way to it is this machine's, or a container network's."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


async def check_secret(subject: Subject) -> Finding:
    """Hello, once: the HPB bans addresses that fail too often."""
    blocked = subject.guard.blocked(time.monotonic())
    if blocked is not None:
        return failure(
            "The HPB refused us a moment ago, and is not asked again for five minutes: "
            f"ten failures ban this address. {blocked}",
            "Correct the setting and restart the app.",
        )
    backends = tuple(filter(None, await services.backend_urls()))
    if not subject.hpb.secret or not backends:
        name = "LT_BACKEND_URL" if subject.hpb.secret else "LT_INTERNAL_SECRET"
        return failure(f"{name} is not set.", ENVIRONMENT_HINT)
    config = replace(subject.hpb, backends=backends)
    timeout_s = subject.limits.hello_s
    try:
        async with hpbsession.opened(config, timeout_s) as socket:
            greeting = await hpbsession.greet(socket, config, timeout_s)
    except HpbUnavailableError as error:
        return failure(
            f"No websocket at {without_credentials(config.url)}: {error}.",
            "The web server in front of the HPB has to pass /spreed on as a websocket "
            "(headers Upgrade and Connection); LT_HPB_URL must lead there.",
        )
    return _answer(subject, greeting)


def _answer(subject: Subject, greeting: Greeting) -> Finding:
    """What the HPB's answer says about the secret; the rest is for later checks."""
    refusal = hello_refusal(greeting.code) if greeting.code else None
    if refusal is not None:
        subject.guard.refuse(refusal, time.monotonic())
    subject.backend_refused = greeting.refused
    if greeting.code == UNKNOWN_BACKEND:
        # The secret is looked at first.
        subject.backend_refused += (greeting.backend,)
        return ok("The HPB accepts the secret.")
    if refusal is not None:
        return failure(f"Hello is refused ({greeting.code}).", str(refusal))
    if greeting.code:
        return failure(
            f"Hello failed: {hello_trouble(greeting.code)}.", "See the HPB's log."
        )
    subject.guard.worked(greeting.backend)
    subject.backend = greeting.backend
    subject.features = greeting.features
    return ok("The HPB accepts the secret.")


async def check_backend(subject: Subject) -> Finding:
    """Under which URL the HPB knows this Nextcloud."""
    refused = ", ".join(map(without_credentials, subject.backend_refused))
    if not subject.backend:
        return failure(
            f"The HPB does not know this Nextcloud as {refused}.",
            "Set LT_BACKEND_URL to the URL in the `[backend]` part of the HPB's "
            "server.conf.",
        )
    accepted = without_credentials(subject.backend)
    if refused:
        return warning(
            f"The HPB knows this Nextcloud as {accepted}, not as {refused}.",
            f"LT_BACKEND_URL={accepted} saves a refused hello at each start.",
        )
    return ok(f"The HPB knows this Nextcloud as {accepted}.")


async def check_media_server(subject: Subject) -> Finding:
    """Janus behind the HPB, as it says itself."""
    if "mcu" not in subject.features:
        return failure(
            "The HPB has no media server (feature mcu).",
            "Configure Janus in the `[mcu]` part of the HPB's server.conf, and look "
            "at the HPB's log whether it reaches it.",
        )
    names = ", ".join(name for name in USEFUL if name in subject.features)
    return ok(f"The HPB passes media on ({names}).")
