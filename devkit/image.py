# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The files of the container image, laid out on this machine as the Dockerfile says."""

import re
import shutil
import stat
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INSTALL_TIMEOUT_S = 300
REQUIREMENTS = "requirements.lock"


class ImageFiles:
    """`app/` with the image's files and `venv/` with its packages, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.app = folder / "app"
        self.venv = folder / "venv"

    def copy(self) -> None:
        """Copy what the last stage of the Dockerfile copies from the build context."""
        self.app.mkdir(parents=True)
        for source in copied_paths((ROOT / "Dockerfile").read_text()):
            target = self.app / source
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=_ignored)
            else:
                shutil.copy2(ROOT / source, target)

    def install(self) -> None:
        """Install the locked packages: wheels only, by their hashes.

        Raises `FileNotFoundError` if no Python here can be started by every user.
        """
        uv = Path(sys.executable).with_name("uv")
        _run(uv, "venv", "--quiet", "--python", interpreter_for_all(), self.venv)
        lock = ROOT / REQUIREMENTS
        options = ("--quiet", "--only-binary=:all:", "--require-hashes")
        _run(
            uv,
            "pip",
            "install",
            "--python",
            self.python,
            *options,
            "--requirement",
            lock,
        )

    @property
    def python(self) -> Path:
        """The interpreter with the image's packages."""
        return self.venv / "bin" / "python"

    @property
    def path(self) -> str:
        """PATH of the image, on this machine."""
        return f"{self.venv / 'bin'}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def interpreter_for_all() -> Path:
    """A Python of at least 3.11 that the container's user may start as well."""
    found = [sys.executable, *map(shutil.which, ("python3", "python3.11"))]
    found += ["/usr/local/bin/python3", "/usr/bin/python3", "/usr/bin/python3.11"]
    for name in filter(None, found):
        path = Path(name).resolve()
        if path.exists() and _open_to_all(path) and _is_new_enough(path):
            return path
    raise FileNotFoundError("no Python 3.11 or newer that every user may start")


def _open_to_all(path: Path) -> bool:
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))


def _is_new_enough(python: Path) -> bool:
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], check=False).returncode == 0


def copied_paths(dockerfile: str) -> list[str]:
    """What the last stage copies from the build context, which has to allow it."""
    last_stage = dockerfile.rpartition("\nFROM ")[2]
    paths: list[str] = []
    for line in re.findall(r"^COPY (?!--from)(.+)$", last_stage, re.MULTILINE):
        paths += line.split()[:-1]
    allowed = set(allowed_paths())
    if not set(paths) <= allowed:
        raise ValueError(f".dockerignore keeps out {set(paths) - allowed}")
    return paths


def allowed_paths() -> list[str]:
    """What `.dockerignore` lets into the build context."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line[1:] for line in lines if line.startswith("!")]


def _ignored(folder: str, names: list[str]) -> set[str]:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    return {name for name in names for p in patterns if fnmatch(name, p)}


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, timeout=INSTALL_TIMEOUT_S)
