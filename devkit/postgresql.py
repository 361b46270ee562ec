# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A real PostgreSQL server in a folder, for as long as it is needed."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from devkit.program import HOST, free_ports

USER = "captions"
TIMEOUT_S = 30


def binaries() -> Path | None:
    """Where PostgreSQL's programs are; None if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class PostgreSql:
    """Used as `with`; speaks TCP on loopback with a password."""

    def __init__(self) -> None:
        self.password = secrets.token_hex(16)
        self.port = free_ports(1)[0]
        self._temporary = tempfile.TemporaryDirectory(prefix="live_transcription-")
        self._folder = Path(self._temporary.name)
        self._data = self._folder / "data"

    def __enter__(self) -> Self:
        secret = self._folder / "password"
        secret.write_text(self.password)
        self._hand_over()
        self._run(
            *("initdb", "--pgdata", self._data, "--username", USER),
            *("--auth", "scram-sha-256", "--pwfile", secret, "--no-sync"),
        )
        options = f"-p {self.port} -h {HOST} -k {self._folder} -F"
        self._run(
            "pg_ctl", "--pgdata", self._data, "-w", "-o", options, *self._log, "start"
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run("pg_ctl", "--pgdata", self._data, "-w", "-m", "immediate", "stop")
        self._temporary.cleanup()

    def url(self, database: str) -> str:
        """As it goes into DATABASE_URL."""
        return f"postgres://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """An empty database; returns its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)

    @property
    def _log(self) -> tuple[str, Path]:
        return "--log", self._folder / "log"

    def _hand_over(self) -> None:
        """PostgreSQL refuses to run as root: Debian's package has a user for it."""
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
            for path in self._folder.iterdir():
                shutil.chown(path, "postgres", "postgres")

    def _run(self, program: str, *arguments: str | Path) -> None:
        folder = binaries()
        if folder is None:
            raise FileNotFoundError("PostgreSQL is not installed")
        user = "postgres" if os.geteuid() == 0 else None
        subprocess.run(
            [folder / program, *arguments],
            check=True,
            cwd="/",
            user=user,
            group=user,
            timeout=TIMEOUT_S,
            stdout=subprocess.DEVNULL,
        )
