# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py drill`: every fault in the middle of a call, and a table of the outcomes."""

import argparse
import asyncio
import json
import logging
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from devkit import drill
from devkit.faults import FAULTS
from devkit.surroundings import WIRES


class Command(BaseCommand):
    """Exit code 0 only if captions came back in time after each fault."""

    requires_system_checks = ()
    help = (
        "Make every fault that a call has to survive, against real sockets, and print "
        "seconds without captions, words lost and repeated, and what the operator sees."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which faults, over which wire, for whom."""
        names = [fault.name for fault in FAULTS]
        parser.add_argument(
            "faults", nargs="*", metavar="FAULT", help=f"some of {', '.join(names)}"
        )
        parser.add_argument("--wire", choices=WIRES, default=WIRES[0])
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run them one after another."""
        logging.disable(logging.INFO)
        names = {fault.name for fault in FAULTS}
        unknown = set(options["faults"]) - names
        if unknown:
            raise SystemExit(f"unknown: {', '.join(unknown)}")
        chosen = [f for f in FAULTS if f.name in (options["faults"] or names)]
        console = Console(highlight=False, stderr=options["json"])
        outcomes = []
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("", total=len(chosen))
            for fault in chosen:
                progress.update(task, description=fault.name)
                outcomes.append(asyncio.run(drill.run(fault, options["wire"])))
                progress.advance(task)
        if options["json"]:
            self.stdout.write(json.dumps([_plain(outcome) for outcome in outcomes]))
        else:
            console.print(_table(outcomes))
        raise SystemExit(int(any(outcome.problems for outcome in outcomes)))


def _plain(outcome: drill.Outcome) -> dict[str, Any]:
    return {
        "fault": outcome.fault.name,
        "seconds_without_captions": round(outcome.gap_s, 2),
        "lost": outcome.lost,
        "repeated": outcome.repeated,
        "operator_sees": outcome.operator_sees,
        "problems": outcome.problems,
    }


def _table(outcomes: list[drill.Outcome]) -> Table:
    table = Table("Fault", "What happens", title="Drill", title_justify="left")
    for header in ("silent", "lost", "repeated"):
        table.add_column(header, justify="right")
    table.add_column("What the operator sees")
    for outcome in outcomes:
        style = "red" if outcome.problems else "green"
        table.add_row(
            f"[{style}]{outcome.fault.name}[/{style}]",
            (outcome.fault.act.__doc__ or "").strip(),
            f"{outcome.gap_s:.1f} s",
            str(outcome.lost),
            str(outcome.repeated),
            "; ".join([outcome.operator_sees, *outcome.problems]),
        )
    return table
