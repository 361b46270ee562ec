# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py prepare`: on SQLite and PostgreSQL, alone, at the same time, too early."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from devkit.image import ROOT
from devkit.postgresql import PostgreSql, binaries
from tests.conftest import missing

pytestmark = pytest.mark.timeout(60)

Start = Callable[..., subprocess.Popen[str]]
AT_ONCE = 3


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command with a volume of its own; none is left behind."""
    started = []

    def start(*options: str, database: str = "") -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "APP_PERSISTENT_STORAGE": str(tmp_path / "volume"),
            "DATABASE_URL": database,
        }
        command = [sys.executable, str(ROOT / "manage.py"), "prepare", *options]
        process = subprocess.Popen(
            command, env=environment, text=True, stderr=subprocess.PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSql]:
    """A server of our own, on a free port."""
    if binaries() is None:
        missing("postgresql")
    with PostgreSql() as server:
        yield server


def applied(rows: list[tuple[str, str]]) -> set[str]:
    """Migrations of ours, each once."""
    names = [name for app, name in rows if app == "calls"]
    assert len(names) == len(set(names))
    return set(names)


ours = {path.stem for path in (ROOT / "calls" / "migrations").glob("0*.py")}
MIGRATIONS = "SELECT app, name FROM django_migrations"


def test_several_at_once_on_one_volume(start: Start, tmp_path: Path) -> None:
    """Two containers on one volume: one migrates, the other waits, both go on."""
    processes = [start() for _ in range(AT_ONCE)]
    for process in processes:
        _, errors = process.communicate(timeout=40)
        assert process.returncode == 0, errors
    with sqlite3.connect(tmp_path / "volume" / "live_transcription.sqlite3") as rows:
        assert applied(rows.execute(MIGRATIONS).fetchall()) == ours
    rows.close()


def test_several_at_once_on_postgresql(start: Start, postgresql: PostgreSql) -> None:
    """The lock is the database's there: the containers share nothing else."""
    url = postgresql.create_database("several")
    processes = [start(database=url) for _ in range(AT_ONCE)]
    for process in processes:
        _, errors = process.communicate(timeout=40)
        assert process.returncode == 0, errors
    with psycopg.connect(url) as connection:
        assert applied(connection.execute(MIGRATIONS).fetchall()) == ours


def test_database_that_comes_later_is_waited_for(
    start: Start, postgresql: PostgreSql
) -> None:
    """A line says what is waited for."""
    url = postgresql.url("late")
    process = start(database=url)
    assert process.stderr is not None
    assert "The database cannot be reached yet" in process.stderr.readline()
    postgresql.create_database("late")
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors


def test_database_that_never_comes_is_a_clear_error(
    start: Start, postgresql: PostgreSql
) -> None:
    """A sentence with the setting, no traceback, no password."""
    process = start("--wait", "1", database=postgresql.url("never"))
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "Check DATABASE_URL" in errors
    assert "Traceback" not in errors
    assert postgresql.password not in errors


def test_database_of_a_newer_version_is_named(start: Start, tmp_path: Path) -> None:
    """After a rollback: a warning, and the program goes on."""
    assert start().wait(timeout=40) == 0
    database = sqlite3.connect(tmp_path / "volume" / "live_transcription.sqlite3")
    with database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('calls', '9999_future', '2027-01-01')"
        )
    database.close()
    process = start()
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 0
    assert "made by a newer version of this app (calls.9999_future)" in errors


def test_somebody_at_the_database_for_too_long(start: Start, tmp_path: Path) -> None:
    """A lock that never ends is an error, not a hang."""

    folder = tmp_path / "volume"
    folder.mkdir()
    with (folder / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = start("--wait", "0.5")
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 1
    assert "Another process has been at the database for too long" in errors
