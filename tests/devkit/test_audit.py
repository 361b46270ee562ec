# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""An audit that looked nothing up is not a good one."""

import json
from pathlib import Path
from typing import Any

import pytest

from devkit import audit

FINE = {"name": "fine", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}
HOLED = {
    "name": "holed",
    "version": "2.0",
    "vulns": [
        {"id": "PYSEC-2026-1", "fix_versions": ["2.1"], "aliases": []},
        {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": []},
    ],
}


def report(*packages: dict[str, Any]) -> audit.Report:
    return audit.read(json.dumps({"dependencies": packages, "fixes": []}))


@pytest.mark.parametrize(
    ("packages", "code"),
    [
        ([FINE], audit.NONE_KNOWN),
        ([FINE, HOLED], audit.SOME_KNOWN),
        ([UNKNOWN, HOLED], audit.SOME_KNOWN),
        ([FINE, UNKNOWN], audit.NOT_LOOKED_UP),
        ([UNKNOWN], audit.NOT_LOOKED_UP),
        ([], audit.NOT_LOOKED_UP),
    ],
)
def test_exit_code_is_good_only_if_all_were_looked_up(
    packages: list[dict[str, Any]], code: int
) -> None:
    assert report(*packages).exit_code == code


def test_says_what_was_found_and_what_was_not_looked_at() -> None:
    assert list(report(FINE, HOLED, UNKNOWN).lines("pypi")) == [
        "holed 2.0: PYSEC-2026-1, fixed in 2.1",
        "holed 2.0: PYSEC-2026-2, fixed in no version",
        "2 packages looked up at pypi: 2 known vulnerabilities",
        "NOT CHECKED: pypi as reached from here has no answer for 1 packages: unknown",
    ]


def program(folder: Path, script: str) -> Path:
    """Stands in for pip-audit."""
    path = folder / "pip-audit"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_reads_what_the_program_prints_whatever_its_exit_code(tmp_path: Path) -> None:
    """pip-audit ends with 1 when it found something."""
    answer = json.dumps({"dependencies": [HOLED], "fixes": []})
    fake = program(tmp_path, f"echo '{answer}'; exit 1")
    found = audit.audit(tmp_path / "requirements.lock", "pypi", fake)
    assert [advisory.name for advisory in found.advisories] == [
        "PYSEC-2026-1",
        "PYSEC-2026-2",
    ]


def test_a_source_out_of_reach_is_named(tmp_path: Path) -> None:
    """The program says so at the end of a traceback."""
    fake = program(tmp_path, "printf 'Traceback\\nConnectionError: no' >&2; exit 1")
    found = audit.audit(tmp_path / "requirements.lock", "osv", fake)
    assert found.exit_code == audit.NOT_LOOKED_UP
    assert list(found.lines("osv")) == [
        "NOT CHECKED: osv could not be asked: ConnectionError: no"
    ]
