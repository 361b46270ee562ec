# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py prepare`: bring the database up to date, safe with several at once."""

import argparse
import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader

logger = logging.getLogger(__name__)

WAIT_S = 60.0
FIRST_PAUSE_S = 0.5
SLOWEST_PAUSE_S = 5.0
LOCK_PAUSE_S = 0.1
LOCK_FILE = "prepare.lock"
LOCK_NUMBER = 0x4C54_0001
"Of PostgreSQL's advisory locks: ours for as long as nobody else picks it."


class Command(BaseCommand):
    """What the start script runs before the program."""

    requires_system_checks = ()  # the program that comes next has them
    help = (
        "Apply migrations. Two processes that start at the same time wait for each "
        "other; a database that is not there yet is waited for."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--wait`: how long a database may be away."""
        parser.add_argument(
            "--wait",
            type=float,
            default=WAIT_S,
            metavar="SECONDS",
            help="give up after this long (default: 60)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the database, then migrate it with nobody else at it."""
        deadline = time.monotonic() + options["wait"]
        _wait_for_database(deadline)
        with _alone(deadline):
            call_command("migrate", verbosity=min(options["verbosity"], 1) - 1)
            newer = _unknown_migrations()
        if newer:
            logger.warning(
                "The database was made by a newer version of this app (%s); going "
                "on. If something fails, see docs/upgrade.md.",
                ", ".join(newer),
            )


def _wait_for_database(deadline: float) -> None:
    """Connect, again and again until `deadline`."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            reason = str(error).strip().partition("\n")[0]
            if time.monotonic() + pause_s > deadline:
                raise CommandError(
                    f"The database cannot be reached: {reason}. Check DATABASE_URL."
                ) from None
            logger.warning("The database cannot be reached yet: %s", reason)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, SLOWEST_PAUSE_S)
        else:
            return


@contextmanager
def _alone(deadline: float) -> Iterator[None]:
    """Hold the lock that everybody who prepares this database takes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            _poll(lambda: _try_advisory_lock(cursor), deadline)
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_NUMBER])
    else:
        path = Path(settings.APP_PERSISTENT_STORAGE) / LOCK_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            _poll(lambda: _try_file_lock(lock.fileno()), deadline)
            yield


def _poll(try_lock: Callable[[], bool], deadline: float) -> None:
    while not try_lock():
        if time.monotonic() > deadline:
            raise CommandError("Another process has been at the database for too long.")
        time.sleep(LOCK_PAUSE_S)


def _try_advisory_lock(cursor: Any) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_NUMBER])
    return bool(cursor.fetchone()[0])


def _try_file_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unknown_migrations() -> list[str]:
    """Applied ones that this version does not have: it was rolled back."""
    loader = MigrationLoader(connection)
    applied, ours = loader.applied_migrations, loader.disk_migrations or {}
    return sorted(f"{app}.{name}" for app, name in applied if (app, name) not in ours)
