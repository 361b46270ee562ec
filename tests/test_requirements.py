# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The locks hold what the lists ask for, with hashes, and nothing of a machine."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("requirements", "requirements-dev")
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, set[str]]:
    """Versions by package; a lock may have several, for different platforms."""
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall((ROOT / name).read_text(encoding="utf-8")):
        found.setdefault(re.sub(r"[-_.]+", "-", package.lower()), set()).add(version)
    return found


@pytest.mark.parametrize("name", LISTS)
def test_lock_has_every_pin(name: str) -> None:
    """`make lock` was run after the last change."""
    locked = pins(f"{name}.lock")
    for package, versions in pins(f"{name}.txt").items():
        assert locked.get(package) == versions, package


def test_development_has_the_versions_of_the_image() -> None:
    """What is tested is what is installed."""
    development = pins("requirements-dev.lock")
    for package, versions in pins("requirements.lock").items():
        assert versions <= development[package], package


@pytest.mark.parametrize("name", LISTS)
def test_lists_pin_everything(name: str) -> None:
    lines = (ROOT / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        assert not line or line.startswith(("#", "-r ")) or PIN.match(line), line


@pytest.mark.parametrize("name", LISTS)
def test_lock_has_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / f"{name}.lock").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=\S)", text.strip()):
        options = re.findall(r"--\S+", entry)
        assert options, entry
        for option in options:
            assert re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option), entry[:80]
    assert "://" not in text
    assert not re.search(r"(?:^|[\s=])/\w", text, re.MULTILINE), "a path"


def test_make_and_image_insist_on_hashes() -> None:
    """Without the option a line without a hash would go through."""
    for name, lock in (
        ("Makefile", "requirements-dev.lock"),
        ("Dockerfile", "requirements.lock"),
    ):
        text = re.sub(r"\\\n\s*", "", (ROOT / name).read_text(encoding="utf-8"))
        installs = re.findall(r"/pip install .*", text)
        assert len(installs) == 1, name
        assert f"--require-hashes --requirement {lock}" in installs[0], name
