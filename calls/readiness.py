# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Whether a call could be captioned now and, if not, which setting to look at.

Nothing outside the house is asked: neither Nextcloud, the HPB nor speech-to-text.
"""

import asyncio
import threading

from django.conf import settings
from django.db import DatabaseError, connections

from calls import services
from calls.configuration import missing_settings
from calls.lifecycle import background

ANSWER_S = 1.0
DATABASE = "DATABASE_URL or APP_PERSISTENT_STORAGE"
NOT_KNOWN = "not known, as the database does not answer"

Reasons = dict[str, str]
"By the name of a check; empty where all is well."

_probing = threading.Lock()
"Held by the thread that asks the database: one that hangs is not joined by others."
_migrated = threading.Event()
"Seen once, it stays true: reading all migrations is not cheap."


async def reasons() -> Reasons:
    """All checks, within 2 s; texts without secrets and URLs."""
    async with asyncio.TaskGroup() as tasks:
        rows = tasks.create_task(_database())
        layer = tasks.create_task(_channel_layer())
    return {
        "settings": _settings(),
        **rows.result(),
        "channel_layer": layer.result(),
        "enabled": _enabled(),
        "background": "" if background.running else "manage.py serve does not run it",
    }


def _settings() -> str:
    missing = missing_settings()
    if not settings.NEXTCLOUD_URL:
        missing.append("NEXTCLOUD_URL")
    return f"not set: {', '.join(missing)}" if missing else ""


def _enabled() -> str:
    if background.enabled:
        return ""
    return (
        "Nextcloud has not enabled the app, or cannot be asked: occ app_api:app:enable "
        f"{settings.APP_ID}; NEXTCLOUD_URL and APP_SECRET"
    )


async def _database() -> Reasons:
    """In a thread of its own, which is left alone if it hangs."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await asyncio.to_thread(_ask_database)
    except TimeoutError:
        return _no_database(f"no answer within {ANSWER_S:.0f} s")


def _ask_database() -> Reasons:
    if not _probing.acquire(blocking=False):
        return _no_database("an earlier question has no answer yet")
    try:
        lines = services.worker_lines() if _is_migrated() else None
    except DatabaseError as error:
        return _no_database(type(error).__name__)
    finally:
        connections.close_all()
        _probing.release()
    if lines is None:
        missing = "tables are missing or old: manage.py prepare"
        return {"database": "", "migrations": missing, "workers": missing}
    alive = any(line.is_alive for line in lines)
    nobody = (
        "none is alive: manage.py runcallworker, or serve without --no-worker, with "
        "the same DATABASE_URL and CHANNEL_LAYER_URL"
    )
    return {"database": "", "migrations": "", "workers": "" if alive else nobody}


def _no_database(why: str) -> Reasons:
    return {
        "database": f"{why}: {DATABASE}",
        "migrations": NOT_KNOWN,
        "workers": NOT_KNOWN,
    }


def _is_migrated() -> bool:
    if not _migrated.is_set() and not services.missing_migrations():
        _migrated.set()
    return _migrated.is_set()


async def _channel_layer() -> str:
    """A message to ourselves."""
    try:
        await services.ask_channel_layer(ANSWER_S)
    except Exception as error:  # noqa: BLE001 - any client library's; told, not hidden
        return f"Redis passes no message on ({type(error).__name__}): CHANNEL_LAYER_URL"
    return ""
