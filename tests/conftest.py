# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Fixtures and rules used by more than one folder."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from django.db import connections

from devkit.image import ImageFiles


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


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter: the container's user is not ours."""
    with tempfile.TemporaryDirectory(prefix="live_transcription-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def image() -> Iterator[ImageFiles]:
    """The files and packages of the image, and nothing else."""
    with tempfile.TemporaryDirectory(prefix="live_transcription-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        files = ImageFiles(folder)
        files.copy()
        files.install()
        yield files
