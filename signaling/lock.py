# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Locks that end with their process, however it ends: who of the workers is alive.

A lease says the same across hosts, but takes 15 s to run out. Workers that share a
volume, and above all the one that follows a killed one there, know at once.
"""

import fcntl
import logging
import os
from pathlib import Path
from typing import IO

logger = logging.getLogger(__name__)

SUFFIX = ".worker"


class WorkerLock:
    """One file per worker in the folder they share; held while the worker lives."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._file: IO[str] | None = None

    def hold(self) -> bool:
        """Take the lock for the life of this process; False if that is impossible."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._path(self._name).open("w")
        except OSError as error:
            logger.warning("No lock on %s: %s", self._folder, error)
            return False
        if not _try_lock(file):
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Give it back; the file goes first, so that nobody takes us for dead."""
        if self._file is not None:
            self._path(self._name).unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def is_dead(self, name: str) -> bool:
        """Whether another worker held a lock here and its process is gone.

        Its file is removed then. Workers on other volumes have no file here.
        """
        path = self._path(name)
        try:
            file = path.open()
        except OSError:
            return False
        with file:
            if name == self._name or not _try_lock(file):
                return False
            path.unlink(missing_ok=True)
        return True

    def _path(self, name: str) -> Path:
        plain = "".join(c if c.isalnum() or c in "-." else "_" for c in name)
        return self._folder / (plain + SUFFIX)


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    os.set_inheritable(file.fileno(), False)
    return True
