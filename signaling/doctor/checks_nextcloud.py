# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Nextcloud: reachable, our secret accepted, enabled, new enough, its clock right."""

import re

from calls import services
from calls.services import NextcloudError
from signaling.config import IceServer, hpb_websocket_url
from signaling.doctor.check import Subject
from signaling.doctor.inventory import without_credentials
from signaling.doctor.result import Finding, failure, ok, skipped, warning

MIN_NEXTCLOUD = 32
MIN_TALK = 22
UNAUTHORIZED = frozenset({401, 997})
"HTTP, and OCS version 1."
URL_HINT = (
    "NEXTCLOUD_URL is what the deploy daemon was registered with as nextcloud_url; it "
    "has to be reachable from this container."
)


async def check_nextcloud(subject: Subject) -> Finding:
    """Without credentials, so that nothing can be refused."""
    try:
        status = await services.nextcloud_status(subject.limits.request_s)
    except NextcloudError as error:
        return failure(f"Nextcloud: {error}.", URL_HINT)
    if status.clock_ahead_s is not None:
        subject.clocks["Nextcloud"] = status.clock_ahead_s
    if status.in_maintenance:
        return failure(
            f"Nextcloud {status.version} is in maintenance mode.",
            "Wait for its end, or: occ maintenance:mode --off",
        )
    if not status.is_installed:
        return failure("Nextcloud is not installed yet.", "Install it.")
    return ok(f"Nextcloud {status.version} answers.")


async def check_appapi(subject: Subject) -> Finding:
    """The secret once: wrong ones are counted there."""
    try:
        is_enabled = await services.is_enabled()
    except NextcloudError as error:
        if error.status in UNAUTHORIZED:
            return failure(
                "AppAPI refuses APP_ID and APP_SECRET.",
                "Both are what AppAPI has stored: register the app again, with the "
                "same APP_SECRET where you set it by hand. Too many tries block this "
                "address for a while.",
            )
        if error.status == 404:
            return failure(
                "Nextcloud has no AppAPI.", "Install and enable the app AppAPI."
            )
        return failure(f"AppAPI: {error}.", URL_HINT)
    if not is_enabled:
        return failure(
            "The secret is accepted, but the app is disabled in Nextcloud.",
            "occ app_api:app:enable live_transcription",
        )
    return ok("The secret is accepted, and the app is enabled.")


async def check_versions(subject: Subject) -> Finding:
    """The CC button came with Nextcloud 32 and Talk 22."""
    try:
        versions = await services.versions()
    except NextcloudError as error:
        return failure(f"Versions: {error}.", "See Nextcloud's log.")
    if not versions.talk:
        return failure(
            f"Nextcloud {versions.nextcloud} has no Talk that tells its version.",
            "Install and enable Talk (app id spreed).",
        )
    seen = f"Nextcloud {versions.nextcloud}, Talk {versions.talk}."
    if _major(versions.nextcloud) < MIN_NEXTCLOUD or _major(versions.talk) < MIN_TALK:
        return failure(
            seen,
            f"Captions need Nextcloud {MIN_NEXTCLOUD} and Talk {MIN_TALK} at least: "
            "older ones have no CC button.",
        )
    return ok(seen)


def _major(version: str) -> int:
    found = re.match(r"\d+", version)
    return int(found.group()) if found else 0


async def check_talk(subject: Subject) -> Finding:
    """Talk's own HPB, and its STUN and TURN servers for the checks after this."""
    try:
        settings = await services.signaling_settings()
    except NextcloudError as error:
        return failure(
            f"Talk's signaling settings: {error}.",
            "Enable Talk, and see Nextcloud's log.",
        )
    subject.talk_ice_servers = tuple(
        IceServer(entry.urls, entry.username, entry.credential)
        for entry in (*settings.stun, *settings.turn)
    )
    if not settings.server:
        return failure(
            "Talk has no High-Performance Backend configured.",
            "Nextcloud, Administration settings, Talk: High-performance backend.",
        )
    theirs = without_credentials(hpb_websocket_url(settings.server))
    ours = without_credentials(subject.hpb.url)
    if theirs != ours:
        return warning(
            f"Talk uses {theirs}, this app {ours}.",
            "If these are not two ways to the same HPB, set LT_HPB_URL to Talk's.",
        )
    return ok(f"Talk uses the same HPB, {theirs}.")


async def check_clocks(subject: Subject) -> Finding:
    """By the Date headers of those who answered."""
    limit_s = subject.limits.skew_s
    wrong = [
        f"{name}'s is {abs(ahead_s):.0f} s {'ahead' if ahead_s > 0 else 'behind'}"
        for name, ahead_s in subject.clocks.items()
        if abs(ahead_s) > limit_s
    ]
    if wrong:
        return warning(
            f"Clocks differ from this machine's: {', '.join(wrong)}.",
            "Set the clocks by NTP: TURN credentials and certificates go by them.",
        )
    if not subject.clocks:
        return skipped("Nobody told the time.")
    return ok(f"Within {limit_s:.0f} s of {' and '.join(subject.clocks)}.")
