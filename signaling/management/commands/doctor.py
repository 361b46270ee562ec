# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py doctor`: the self-test in a shell."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner

from signaling.doctor import report
from signaling.doctor.catalogue import CHECKS, NAMES, subject
from signaling.doctor.check import Check
from signaling.doctor.result import Result, exit_code
from signaling.doctor.run import UnknownCheckError, chosen, run

EPILOG = (
    "Checks: " + ", ".join(NAMES) + ". "
    "Exit codes: 0 all is well, 1 there are warnings, 2 there are failures."
)


class Command(BaseCommand):
    """Every check once; the HPB is asked for entrance once, as wrong secrets count."""

    requires_system_checks = ()
    help = (
        "Look at every link of the chain, from Nextcloud to a word: settings, "
        "Nextcloud, the HPB and its media server, TURN, speech-to-text, database, "
        "workers, disk. Says what was seen and which setting to change. Takes up to a "
        "minute, longer only while speech-to-text starts cold. No secret is printed."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """The names of the checks and the exit codes at the end of the help."""
        return super().create_parser(prog_name, subcommand, epilog=EPILOG, **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which checks, and for whom."""
        parser.add_argument(
            "--only",
            nargs="+",
            default=[],
            metavar="NAME",
            help="these checks and what they need; names with spaces or commas between",
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, show, and leave with the exit code."""
        names = [name for part in options["only"] for name in part.split(",") if name]
        try:
            checks = chosen(CHECKS, names)
        except UnknownCheckError as error:
            raise CommandError(str(error)) from error
        try:
            results = asyncio.run(self._run(checks, options))
        except KeyboardInterrupt:
            raise CommandError("interrupted") from None
        if options["json"]:
            self.stdout.write(report.as_json(results), ending="")
        else:
            _console(self.stdout, options).print(
                report.page(results, verbose=options["verbosity"] > 1)
            )
        sys.exit(exit_code(results))

    async def _run(self, checks: list[Check], options: dict[str, Any]) -> list[Result]:
        """With what is going on on stderr, if somebody looks at it."""
        console = _console(self.stderr, options)
        if not console.is_terminal:
            return await run(
                checks, subject(tell=lambda what: console.print(f"{what}"))
            )
        progress = _Progress(checks)
        with Live(progress.page(), console=console, transient=True) as live:

            def show() -> None:
                live.update(progress.page())

            progress.changed = show
            return await run(
                checks,
                subject(tell=progress.tell),
                on_start=progress.started,
                on_result=progress.done,
            )


def _console(stream: Any, options: dict[str, Any]) -> Console:
    """Django's wrapper knows whether it is a terminal; rich asks it."""
    return Console(
        file=stream, highlight=False, no_color=bool(options["no_color"]) or None
    )


class _Progress:
    """What has been found and what still runs."""

    def __init__(self, checks: list[Check]) -> None:
        self._order = [check.name for check in checks]
        self._running: dict[str, str] = {}
        self._results: dict[str, Result] = {}
        self._told = ""
        self.changed: Callable[[], None] = lambda: None

    def started(self, check: Check) -> None:
        """A check begins."""
        self._running[check.name] = check.title
        self.changed()

    def done(self, result: Result) -> None:
        """A check has ended."""
        self._running.pop(result.name, None)
        self._results[result.name] = result
        self.changed()

    def tell(self, what: str) -> None:
        """Something takes long."""
        self._told = what
        self.changed()

    def page(self) -> RenderableType:
        """As it is now."""
        found = [self._results[name] for name in self._order if name in self._results]
        titles = list(self._running.values())
        count = f"{len(found)} of {len(self._order)} checks"
        return Group(
            report.table(found, titles), Spinner("dots", f"{count}  {self._told}")
        )
