# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The app's own house: database, channel layer, workers, disk."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from channels.db import database_sync_to_async
from channels.layers import (
    InMemoryChannelLayer,
    get_channel_layer,
)
from django.db import DatabaseError
from django.utils import timezone

from calls import services
from calls.services import WorkerLine
from signaling.doctor.check import Limits, Subject
from signaling.doctor.result import Finding, failure, ok, warning

MIB = 2**20
LAYER_S = 5.0


async def check_database(subject: Subject) -> Finding:
    """Read, write and take it back."""
    began_s = time.monotonic()
    state = await database_sync_to_async(services.database_state)()
    where = "DATABASE_URL"
    if state.engine == "sqlite":
        where = "APP_PERSISTENT_STORAGE (or DATABASE_URL)"
    if state.problem:
        return failure(
            f"The database ({state.engine}) cannot be used: {state.problem}.",
            f"{where}: check that it is there, writable by this user, and not full.",
        )
    if state.missing_migrations:
        return failure(
            f"The database ({state.engine}) lacks {state.missing_migrations} migrations.",
            "Run: manage.py prepare",
        )
    took_ms = 1000 * (time.monotonic() - began_s)
    return ok(f"{state.engine}, read and written in {took_ms:.0f} ms.")


async def check_channel_layer(subject: Subject) -> Finding:
    """A message to ourselves."""
    try:
        took_s = await services.ask_channel_layer(LAYER_S)
    except Exception as error:  # noqa: BLE001 - any client library's; told, not hidden
        return failure(
            f"Redis does not pass messages on ({type(error).__name__}).",
            "CHANNEL_LAYER_URL: check address and password, and that Redis runs.",
        )
    if took_s is None:
        return ok("Within the process, as serve with its own worker needs it.")
    return ok(f"Redis, there and back in {took_s * 1000:.0f} ms.")


async def check_workers(subject: Subject) -> Finding:
    """Who has told of itself lately."""
    try:
        lines = await database_sync_to_async(services.worker_lines)()
    except DatabaseError as error:
        return failure(f"Not known: {type(error).__name__}.", "See the database.")
    rows = [(line.name, _state(line), f"on {line.host}") for line in lines]
    alive = [line.name for line in lines if line.is_alive]
    if alive:
        return ok(f"{len(alive)} alive: {', '.join(alive[:5])}.", rows)
    last_s = min((_silent_s(line) for line in lines), default=None)
    dead = "" if last_s is None else f" The last was seen {last_s:.0f} s ago."
    if isinstance(get_channel_layer(), InMemoryChannelLayer) and not subject.in_server:
        return warning(
            f"No worker tells of itself.{dead}",
            "Start manage.py serve. If it runs, check that it has the same "
            "DATABASE_URL and APP_PERSISTENT_STORAGE as this command.",
            rows,
        )
    return failure(
        f"No worker is alive, so no call is joined.{dead}",
        "Start manage.py runcallworker, or manage.py serve without --no-worker; with "
        "the same DATABASE_URL and CHANNEL_LAYER_URL as this one.",
        rows,
    )


def _state(line: WorkerLine) -> str:
    state = "alive" if line.is_alive else "silent"
    return f"{state}, seen {_silent_s(line):.0f} s ago"


def _silent_s(line: WorkerLine) -> float:
    return max(0.0, (timezone.now() - line.seen_at).total_seconds())


async def check_disk(subject: Subject) -> Finding:
    """Room and the right to write, where the data is."""
    return await asyncio.to_thread(_look_at, subject.storage, subject.limits)


def _look_at(folder: Path, limits: Limits) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"self-test")
    except OSError as error:
        return failure(
            f"{folder}: {error.strerror or type(error).__name__}.",
            "APP_PERSISTENT_STORAGE has to be a folder that this user may write to.",
        )
    seen = f"{free / MIB:.0f} MiB free in {folder}."
    change = "Make room where APP_PERSISTENT_STORAGE is: the database grows there."
    if free < limits.disk_failure_bytes:
        return failure(seen, change)
    if free < limits.disk_warning_bytes:
        return warning(seen, change)
    return ok(seen)
