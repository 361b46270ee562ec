# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py screenshots`: the pictures that README and docs show."""

import asyncio
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from devkit.app import ROOT
from devkit.screenshots import take


class Command(BaseCommand):
    """Starts a call and a browser, and writes one picture per page."""

    help = "Take pictures of the operators' pages, with a running call in them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument(
            "--folder", type=Path, default=ROOT / "docs" / "images", help="where to"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take them."""
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(take(folder, self.stdout.write))
