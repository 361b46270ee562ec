#!/usr/bin/env python
# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Runs the management commands: serve, runcallworker, doctor, demo and Django's own."""

import os
import sys


def main() -> None:
    """Hand the command line to Django; a wrong setting is a sentence, no traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "livetranscription.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        from signaling.doctor.stop import text_and_code

        text, code = text_and_code(str(error), sys.argv[1:])
        (sys.stdout if "--json" in sys.argv else sys.stderr).write(text)
        sys.exit(code)


if __name__ == "__main__":
    main()
