# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the self-test asks of Nextcloud and of the database."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from calls.models import Worker
from calls.nextcloud import Nextcloud, NextcloudError, tls_context

CLOSE_S = 0.5
PROBE = "self-test"
"Name of a row that is written and taken back."


@dataclass(frozen=True, slots=True)
class NextcloudStatus:
    """What `status.php` says to everybody."""

    version: str
    is_installed: bool
    in_maintenance: bool
    clock_ahead_s: float | None
    "By how much its clock is ahead of ours; None if it does not say."


@dataclass(frozen=True, slots=True)
class Versions:
    """Empty where Nextcloud does not say."""

    nextcloud: str
    talk: str
    offers_captions: bool | None
    "Whether Talk shows CC to everybody; None if it says that to users only."


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What there is."""

    engine: str
    missing_migrations: int
    problem: str = ""
    "Why nothing can be read or written; empty if it can."


async def nextcloud_status(timeout_s: float) -> NextcloudStatus:
    """Without credentials; raises `NextcloudError`."""
    if not settings.NEXTCLOUD_URL:
        raise NextcloudError("NEXTCLOUD_URL is not set", retryable=False)
    url = f"{settings.NEXTCLOUD_URL}/status.php"
    asked_s = time.time()
    try:
        async with httpx.AsyncClient(timeout=timeout_s, verify=tls_context()) as client:
            response = await client.get(url)
    except httpx.HTTPError as error:
        text = str(error) or type(error).__name__
        raise NextcloudError(f"it cannot be reached ({text:.200})") from error
    ahead_s = clock_ahead_s(
        response.headers.get("Date", ""), (asked_s + time.time()) / 2
    )
    try:
        body = response.json()
        version, is_installed = body["versionstring"], body["installed"]
    except (ValueError, KeyError, TypeError):
        raise NextcloudError(
            f"what answers is no Nextcloud (HTTP {response.status_code})",
            status=response.status_code,
        ) from None
    return NextcloudStatus(
        version=str(version)[:40],
        is_installed=bool(is_installed),
        in_maintenance=bool(body.get("maintenance")),
        clock_ahead_s=ahead_s,
    )


def clock_ahead_s(date: str, now_s: float) -> float | None:
    """By how much the clock behind an HTTP `Date` is ahead of `now_s`."""
    try:
        # It is cut to whole seconds.
        return parsedate_to_datetime(date).timestamp() + 0.5 - now_s
    except ValueError:
        return None


async def is_enabled() -> bool:
    """Whether AppAPI counts this app as enabled; raises `NextcloudError`."""
    return await Nextcloud.from_settings().is_enabled()


async def versions() -> Versions:
    """Of Nextcloud and Talk; raises `NextcloudError`."""
    data = await Nextcloud.from_settings().capabilities()
    talk = _at(data, "capabilities", "spreed") or {}
    offers = _at(talk, "config", "call", "live-transcription")
    return Versions(
        nextcloud=str(_at(data, "version", "string") or "")[:40],
        talk=str(_at(talk, "version") or "")[:40],
        offers_captions=offers if isinstance(offers, bool) else None,
    )


def _at(body: Any, *keys: str) -> Any:
    for key in keys:
        body = body.get(key) if isinstance(body, dict) else None
    return body


async def ask_channel_layer(timeout_s: float) -> float | None:
    """Seconds a message takes through Redis and back; None within the process.

    Over connections of its own. Raises `TimeoutError` and what the client raises.
    """
    if isinstance(get_channel_layer(), InMemoryChannelLayer):
        return None
    layer: Any = channel_layers.make_backend("default")
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            name = await layer.new_channel("self-test")
            await layer.send(name, {"type": "self.test"})
            await layer.receive(name)
        return time.monotonic() - began_s
    finally:
        with suppress(Exception):  # it is thrown away
            async with asyncio.timeout(CLOSE_S):
                await layer.close_pools()


def database_state() -> DatabaseState:
    """Read, write and take it back."""
    engine = connection.vendor
    try:
        missing = missing_migrations()
        if not missing:
            _write_and_take_back()
    except DatabaseError as error:
        return DatabaseState(engine, 0, _first_line(error))
    return DatabaseState(engine, missing)


def missing_migrations() -> int:
    """How many are not applied; reads every file of them."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _write_and_take_back() -> None:
    now = timezone.now()
    with transaction.atomic():
        Worker.objects.create(
            name=PROBE, host="", pid=0, channel=PROBE, started_at=now, seen_at=now
        )
        transaction.set_rollback(True)


def _first_line(error: Exception) -> str:
    """PostgreSQL adds addresses and hints in further lines."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
