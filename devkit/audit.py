# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What pip-audit found. It passes over packages that its source does not know and says
"No known vulnerabilities found" all the same: here a package that nobody looked up
counts as one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "pip-audit"
SOURCES = ("pypi", "osv", "esms")
NONE_KNOWN, SOME_KNOWN, NOT_LOOKED_UP = range(3)
"Exit codes."


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known vulnerability of one package."""

    package: str
    name: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        remedy = ", ".join(self.fixed_in) or "no version"
        return f"{self.package}: {self.name}, fixed in {remedy}"


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of the packages of a lock."""

    advisories: tuple[Advisory, ...] = ()
    looked_up: int = 0
    passed_over: tuple[str, ...] = ()
    "Packages that the source says nothing of."
    failure: str = ""
    "Why nothing at all is known."

    @property
    def exit_code(self) -> int:
        """A known vulnerability weighs more than an unknown one."""
        if self.advisories:
            return SOME_KNOWN
        whole = self.looked_up and not self.passed_over and not self.failure
        return NONE_KNOWN if whole else NOT_LOOKED_UP

    def lines(self, source: str) -> Iterator[str]:
        """For people: what was found, then what was not looked at."""
        yield from map(str, self.advisories)
        if self.failure:
            yield f"NOT CHECKED: {source} could not be asked: {self.failure}"
            return
        if self.looked_up:
            known = len(self.advisories) or "no"
            yield (
                f"{self.looked_up} packages looked up at {source}: "
                f"{known} known vulnerabilities"
            )
        if self.passed_over:
            yield (
                f"NOT CHECKED: {source} as reached from here has no answer for "
                f"{len(self.passed_over)} packages: {', '.join(self.passed_over)}"
            )


def read(output: str) -> Report:
    """pip-audit's JSON."""
    packages = json.loads(output)["dependencies"]
    known = [package for package in packages if "skip_reason" not in package]
    return Report(
        advisories=tuple(
            Advisory(
                f"{package['name']} {package['version']}",
                found["id"],
                tuple(found["fix_versions"]),
            )
            for package in known
            for found in package["vulns"]
        ),
        looked_up=len(known),
        passed_over=tuple(p["name"] for p in packages if "skip_reason" in p),
    )


def audit(lock: Path, source: str, program: Path = PROGRAM) -> Report:
    """Look every package of a lock up. The lock is complete: pip has nothing to add."""
    done = subprocess.run(
        [
            *(program, "--format", "json", "--progress-spinner", "off"),
            *("--disable-pip", "--require-hashes", "--requirement", lock),
            *("--vulnerability-service", source),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return read(done.stdout)
    except ValueError:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Report(failure=said[-1])
