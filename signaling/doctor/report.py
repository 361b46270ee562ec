# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Results as a table for people, and as JSON for programs."""

import io
import json
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table

from signaling.doctor.result import Level, Result, exit_code
from signaling.doctor.stop import document

STYLES = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.FAILURE: "bold red",
    Level.SKIPPED: "dim",
}
WORDS = {
    Level.OK: "ok",
    Level.WARNING: "WARNING",
    Level.FAILURE: "FAILURE",
    Level.SKIPPED: "skipped",
}
VERDICTS = (
    "All is well.",
    "Captions should come; see the warnings.",
    "Captions do not come like this; begin with the first failure.",
)
WIDTH = 120
"Columns of what goes to a terminal that is not ours."


def table(results: Sequence[Result], running: Sequence[str] = ()) -> Table:
    """One row a check; those that run still come last."""
    rows = Table(box=None, pad_edge=False)
    rows.add_column("Status", no_wrap=True)
    rows.add_column("Check", no_wrap=True)
    rows.add_column("What was seen", overflow="fold", ratio=1)
    rows.add_column("What to change", overflow="fold", ratio=1)
    for result in results:
        style = STYLES[result.level]
        rows.add_row(
            f"[{style}]{WORDS[result.level]}[/{style}]",
            escape(result.title),
            escape(result.seen),
            escape(result.change),
        )
    for title in running:
        rows.add_row("…", escape(title), "", "")
    return rows


def details(results: Sequence[Result]) -> Table:
    """What is behind the findings: each setting, each server, each worker."""
    rows = Table("Check", "What", "Value", "Source", box=None, pad_edge=False)
    for result in results:
        for row in result.details:
            rows.add_row(escape(result.title), *map(escape, row))
    return rows


def page(results: Sequence[Result], *, verbose: bool = False) -> RenderableType:
    """The table and what it comes to."""
    parts: list[RenderableType] = [table(results), "", VERDICTS[exit_code(results)]]
    if verbose:
        parts += ["", details(results)]
    return Group(*parts)


def plain_text(results: Sequence[Result]) -> str:
    """For a terminal of which nothing is known."""
    output = io.StringIO()
    Console(file=output, width=WIDTH, no_color=True, highlight=False).print(
        page(results)
    )
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines()) + "\n"


def as_json(results: Sequence[Result]) -> str:
    """For programs."""
    return json.dumps(document(list(results)), indent=2) + "\n"
