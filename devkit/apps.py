# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""App config; makes `manage.py demo` known where the devkit is present."""

from django.apps import AppConfig


class DevkitConfig(AppConfig):
    """A Talk call on one machine."""

    name = "devkit"
