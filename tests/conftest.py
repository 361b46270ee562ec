"""Fixtures and rules used by more than one folder."""

import os
from typing import NoReturn

import pytest
from django.db import connections


def missing(what: str) -> NoReturn:
    """A test cannot run here: named in the summary, a failure where CI runs."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and here nothing may be left out")
    pytest.skip(f"{what} is missing; `sudo sh devkit/packages.sh` installs it")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A database file, as in production: several threads meet on it."""
    path = tmp_path_factory.mktemp("database") / "test.sqlite3"
    connections.databases["default"]["TEST"]["NAME"] = str(path)
