# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py serve`: HTTP and, unless told otherwise, the calls, in one process."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from calls.lifecycle import background
from livetranscription.server import Address, serve

IN_MEMORY = "channels.layers.InMemoryChannelLayer"


class Command(BaseCommand):
    """Runs Daphne and the call worker on one event loop."""

    help = (
        "Serve Nextcloud's requests on APP_HOST:APP_PORT (under HaRP on a socket file) "
        "and caption calls, until SIGTERM or Ctrl-C; every call is left cleanly then."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """`--no-worker`, and the address for those who do not use the environment."""
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="leave the calls to `runcallworker` processes (needs Redis)",
        )
        parser.add_argument(
            "--host", default=settings.APP_HOST, help="default: APP_HOST"
        )
        parser.add_argument(
            "--port", type=int, default=settings.APP_PORT, help="default: APP_PORT"
        )
        parser.add_argument(
            "--unix-socket",
            default=settings.HP_EXAPP_SOCK if settings.HP_SHARED_KEY else "",
            metavar="PATH",
            help="listen there and not on host and port; default: HP_EXAPP_SOCK if "
            "HP_SHARED_KEY is set",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the combination of options, then serve."""
        no_worker: bool = options["no_worker"]
        if no_worker and settings.CHANNEL_LAYERS["default"]["BACKEND"] == IN_MEMORY:
            raise CommandError(
                "serve --no-worker needs Redis to reach its workers: set "
                "CHANNEL_LAYER_URL=redis://host, or leave out --no-worker."
            )
        code = serve(
            Address(options["host"], options["port"], options["unix_socket"]),
            hold_calls=not no_worker,
            background=background,
        )
        if code:
            raise SystemExit(code)
