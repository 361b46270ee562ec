# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Fixtures and rules used by more than one folder."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from _pytest.runner import runtestprotocol
from django.db import connections

from devkit import program
from devkit.image import ImageFiles
from devkit.realhpb import HPB_NAMES

CRASHED = "crashed peer"


def missing(what: str) -> NoReturn:
    """A test cannot run here: named in the summary, a failure where CI runs."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and here nothing may be left out")
    pytest.skip(f"{what} is missing; `sudo sh devkit/packages.sh` installs it")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take longest, so that none is waited for at last.

    Those with a database keep their order: some empty it, rows of migrations included.
    """
    items.sort(key=_time_limit_s, reverse=True)


def _time_limit_s(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    if marker is None or item.get_closest_marker("django_db") is not None:
        return 0.0
    return float(marker.args[0])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> bool | None:
    """Run a test again, once, whose HPB or Janus has crashed by itself.

    HPB 1.2.4 panics now and then. That is no failure of ours, and no success: the
    second run decides, and the summary names it.
    """
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    before = len(program.crashed)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    peers = {*HPB_NAMES, "janus"} & set(program.crashed[before:])
    if peers and any(report.failed for report in reports):
        item._initrequest()  # type: ignore[attr-defined]
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            report.user_properties.append((CRASHED, peers.copy().pop()))
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the tests that were run again, and why."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            peer = dict(report.user_properties).get(CRASHED)
            if peer is not None and report.when == "call":
                line = f"{report.nodeid} was run again: {peer} had crashed"
                terminalreporter.write_line(line)


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
