# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What a check found: how bad, what was seen, what to change. Pure.

No text here may hold a secret: all of it is shown to whoever runs the self-test.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How bad it is; stable, for programs."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


EXIT_CODES = {Level.OK: 0, Level.SKIPPED: 0, Level.WARNING: 1, Level.FAILURE: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says."""

    level: Level
    seen: str
    "One or two sentences."
    change: str = ""
    "What to do about it; names the setting."
    details: tuple[tuple[str, str, str], ...] = ()
    "Rows behind it: name, value or state, source."


@dataclass(frozen=True, slots=True)
class Result:
    """A finding with the check it is of."""

    name: str
    "Stable, for programs and `--only`."
    title: str
    level: Level
    seen: str
    change: str
    seconds: float
    details: tuple[tuple[str, str, str], ...] = ()

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        details = [
            {"name": name, "value": value, "source": source}
            for name, value, source in self.details
        ]
        return asdict(self) | {"seconds": round(self.seconds, 3), "details": details}


def ok(seen: str, details: Iterable[tuple[str, str, str]] = ()) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, seen, details=tuple(details))


def warning(
    seen: str, change: str, details: Iterable[tuple[str, str, str]] = ()
) -> Finding:
    """Captions come, or may come, all the same."""
    return Finding(Level.WARNING, seen, change, tuple(details))


def failure(
    seen: str, change: str, details: Iterable[tuple[str, str, str]] = ()
) -> Finding:
    """No captions like this."""
    return Finding(Level.FAILURE, seen, change, tuple(details))


def skipped(seen: str) -> Finding:
    """Not looked at, for a reason."""
    return Finding(Level.SKIPPED, seen)


def printable(text: str) -> str:
    """Without what would steer a terminal: parts of it are a peer's own words."""
    return "".join(char if char.isprintable() else " " for char in text)


def worst(results: Iterable[Result]) -> Level:
    """The worst of all; what was skipped is not bad by itself."""
    levels = [result.level for result in results]
    return max(levels, key=EXIT_CODES.__getitem__, default=Level.OK)


def exit_code(results: Iterable[Result]) -> int:
    """0 if all is well, 1 with warnings, 2 with failures."""
    return EXIT_CODES[worst(results)]
