# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""App config."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    """What Nextcloud and the operator see."""

    name = "calls"

    def ready(self) -> None:
        """Register the system checks."""
        from calls import checks  # noqa: F401
