# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py audit`: known vulnerabilities of what the image installs."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from devkit import audit


class Command(BaseCommand):
    """Exit code 0: none; 1: some; 2: not every package could be looked up."""

    requires_system_checks = ()
    help = "Look the packages of requirements.lock up among known vulnerabilities."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Whom to ask."""
        parser.add_argument("--source", choices=audit.SOURCES, default=audit.SOURCES[0])

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, and say what came of it."""
        source = options["source"]
        report = audit.audit(settings.BASE_DIR / "requirements.lock", source)
        for line in report.lines(source):
            self.stdout.write(line)
        raise SystemExit(report.exit_code)
