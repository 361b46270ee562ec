# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The Dockerfile: linted, pinned, and with all that the program imports."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from devkit.image import ROOT, ImageFiles, allowed_paths, copied_paths

pytestmark = pytest.mark.timeout(120)  # the first test installs the image's packages

DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROGRAMS = Path(sys.executable).parent
EVERY_MODULE = """
import importlib, pkgutil, sys
import django
django.setup()
for name in ("calls", "livetranscription", "signaling"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
assert not {"devkit", "tests", "pytest", "psutil"} & set(sys.modules)
"""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program; its output is in the failure."""
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_dockerfile_is_clean_for_hadolint() -> None:
    done = run(PROGRAMS / "hadolint", "Dockerfile")
    assert done.returncode == 0, done.stdout


def test_scripts_are_clean_for_shellcheck() -> None:
    scripts = [*ROOT.glob("appinfo/*.sh"), *ROOT.glob("devkit/*.sh")]
    assert len(scripts) >= 3
    done = run(PROGRAMS / "shellcheck", "--shell", "sh", *scripts)
    assert done.returncode == 0, done.stdout
    assert all(script.stat().st_mode & 0o111 for script in ROOT.glob("appinfo/*.sh"))


def test_nothing_for_development_is_in_the_image() -> None:
    paths = copied_paths(DOCKERFILE)
    assert not {"tests", "devkit", "docs", ".", "data"} & set(paths)
    assert set(allowed_paths()) == {*paths, "requirements.lock"}


def test_base_image_and_frpc_are_pinned() -> None:
    assert re.search(r"^ARG PYTHON=python:3\.\d+-slim-bookworm$", DOCKERFILE, re.M)
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.M) == ["${PYTHON}", "${PYTHON}"]
    for architecture in ("AMD64", "ARM64"):
        assert re.search(
            rf"^ARG FRP_SHA256_{architecture}=[0-9a-f]{{64}}$", DOCKERFILE, re.M
        )


def test_packages_of_the_image_exist_in_debian() -> None:
    """What `apt-get install` names there is to be had in that release."""
    names = set()
    for line in re.findall(r"--no-install-recommends (.+?) \\", DOCKERFILE):
        names |= set(line.split())
    assert names == {"ca-certificates", "curl", "util-linux"}
    for name in names:
        assert run("apt-cache", "policy", name).stdout.startswith(f"{name}:")


@pytest.mark.parametrize(
    "platform", ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28"]
)
def test_wheels_exist_for_both_architectures(platform: str, tmp_path: Path) -> None:
    """Nothing would have to be compiled."""
    done = run(
        PROGRAMS / "uv",
        *("pip", "install", "--dry-run", "--quiet", "--only-binary=:all:"),
        *("--require-hashes", "--python-version", "3.11"),
        *("--python-platform", platform, "--target", tmp_path),
        *("--requirement", "requirements.lock"),
    )
    assert done.returncode == 0, done.stderr


def test_program_imports_nothing_but_what_the_image_has(image: ImageFiles) -> None:
    """Every module, with the image's files and packages alone."""
    done = subprocess.run(
        [image.python, "-c", EVERY_MODULE],
        cwd=image.app,
        env={
            "DJANGO_SETTINGS_MODULE": "livetranscription.settings",
            "APP_PERSISTENT_STORAGE": str(image.app.parent / "volume"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def manage(image: ImageFiles, *arguments: str) -> str:
    """Run a command of the image as it is built; returns what it prints."""
    done = subprocess.run(
        [image.python, "manage.py", *arguments],
        cwd=image.app,
        env={"APP_PERSISTENT_STORAGE": str(image.app.parent / "volume")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_build_steps_of_the_image_work(image: ImageFiles) -> None:
    """Static files are collected as the Dockerfile does it, with hashes in names."""
    folder, collect = "mkdir -p build/static", "manage.py collectstatic --no-input"
    assert DOCKERFILE.index(folder) < DOCKERFILE.index(collect)
    (image.app / "build" / "static").mkdir(parents=True)
    manage(image, "collectstatic", "--no-input")
    code = "from django.templatetags.static import static as s; print(s('{}'))"
    for name in ("admin/css/base.css", "calls/admin.css"):
        url = manage(image, "shell", "--no-imports", "-c", code.format(name)).strip()
        stem, _, suffix = name.rpartition(".")
        assert re.fullmatch(rf"/static/{stem}\.[0-9a-f]{{12}}\.{suffix}", url)
        assert (image.app / "build" / url.removeprefix("/")).exists()
        # Nextcloud's menu asks for names as they are in the source.
        assert (image.app / "build" / "static" / name).exists()
