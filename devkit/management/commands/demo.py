# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py demo`: captions a local call, without Nextcloud and without accounts."""

import argparse
import asyncio
import logging
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from devkit.demo import NAMES, Demo, Options
from devkit.surroundings import WIRES


class Command(BaseCommand):
    """Runs the demo; the exit code is 0 only if everybody was captioned."""

    # The app that is started is configured here; this process needs no settings.
    requires_system_checks = ()
    help = (
        "Caption a local call of recorded speech: a stand-in for Nextcloud presses "
        "CC, the HPB is the real one where it is installed, recognition is offline."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Length, speakers, wire, and whether to go on."""
        parser.add_argument("--seconds", type=_seconds, default=40.0)
        parser.add_argument(
            "--speakers", type=int, choices=range(1, len(NAMES) + 1), default=2
        )
        parser.add_argument("--wire", choices=WIRES, default=WIRES[0])
        parser.add_argument(
            "--simulate-hpb",
            action="store_true",
            help="use the simulated HPB even where the real one is installed",
        )
        parser.add_argument(
            "--keep", action="store_true", help="go on until Ctrl-C, with the admin"
        )

        parser.add_argument(
            "--picture",
            type=Path,
            metavar="FILE",
            help="save what the terminal showed as an SVG",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it; Ctrl-C ends it cleanly."""
        logging.disable(logging.INFO)
        demo = Demo(
            Options(
                seconds=options["seconds"],
                speakers=options["speakers"],
                wire=options["wire"],
                keep=options["keep"],
                simulate_hpb=options["simulate_hpb"],
                picture=options["picture"],
            )
        )
        try:
            code = asyncio.run(demo.run())
        except KeyboardInterrupt:
            code = 0
        raise SystemExit(code)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 5 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("between 5 and 3600 seconds")
    return seconds
