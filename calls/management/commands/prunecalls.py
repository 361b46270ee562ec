# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py prunecalls`: forget calls that ended long ago."""

import argparse
import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from calls import services

DAYS = 30


class Command(BaseCommand):
    """Running calls are never touched, and can write in between."""

    requires_system_checks = ()
    help = (
        "Delete calls that ended more than DAYS days ago, with their speakers, readers "
        "and events. Languages of rooms stay."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How old, and whether for real."""
        parser.add_argument(
            "--days",
            type=float,
            default=DAYS,
            help=f"default: {DAYS}; 0 is all of them",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say how many it would be"
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, delete, and say so."""
        days = options["days"]
        if not 0 <= days <= 36_500:
            raise CommandError("--days must lie between 0 and 36500")
        moment = timezone.now() - timedelta(days=days)
        try:
            found = services.calls_before(moment)
            deleted = 0 if options["dry_run"] else self._delete(moment, found, options)
        except DatabaseError as error:
            raise CommandError(f"the database does not answer: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps({"found": found, "deleted": deleted}))
        elif options["dry_run"]:
            self.stdout.write(f"{found} calls ended more than {days:g} days ago.")
        else:
            self.stdout.write(f"{deleted} calls deleted.")

    def _delete(self, moment: Any, found: int, options: dict[str, Any]) -> int:
        deleted = 0
        console = Console(stderr=True, quiet=options["json"])
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("Deleting", total=found)
            for count in services.prune_calls(moment):
                deleted += count
                progress.advance(task, count)
        return deleted
