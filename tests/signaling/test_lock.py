# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Locks of workers: held by real processes, gone with them."""

import subprocess
import sys
from pathlib import Path

from signaling.lock import WorkerLock

HOLD = """
import sys, pathlib
from signaling.lock import WorkerLock
lock = WorkerLock(pathlib.Path(sys.argv[1]), sys.argv[2])
print(lock.hold(), flush=True)
sys.stdin.read()
"""


def holder(folder: Path, name: str) -> subprocess.Popen[str]:
    """A process that holds a lock until it ends; returns once it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    """Kill it, as nothing else ends without a goodbye."""
    process.kill()
    process.communicate()


def test_killed_worker_is_known_to_be_dead(tmp_path: Path) -> None:
    """At once, and only once: its file is gone afterwards."""
    other = holder(tmp_path, "other")
    ours = WorkerLock(tmp_path, "ours")
    assert ours.hold()
    assert not ours.is_dead("other")
    end(other)
    assert ours.is_dead("other")
    assert not ours.is_dead("other")
    ours.release()


def test_same_name_twice_is_refused(tmp_path: Path) -> None:
    other = holder(tmp_path, "host-1")
    assert not WorkerLock(tmp_path, "host-1").hold()
    end(other)
    ours = WorkerLock(tmp_path, "host-1")
    assert ours.hold()
    ours.release()


def test_a_released_lock_leaves_nothing(tmp_path: Path) -> None:
    lock = WorkerLock(tmp_path, "a/b c")
    assert lock.hold()
    assert [path.name for path in tmp_path.iterdir()] == ["a_b_c.worker"]
    lock.release()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_workers_of_other_volumes_are_not_judged(tmp_path: Path) -> None:
    """No file, no opinion; and nobody is dead in their own eyes."""
    lock = WorkerLock(tmp_path, "ours")
    assert not lock.is_dead("elsewhere")
    assert lock.hold()
    assert not lock.is_dead("ours")
    lock.release()


def test_folder_that_cannot_be_written_is_no_lock(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert not WorkerLock(blocked / "folder", "ours").hold()
