# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""App config."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    """What Nextcloud and the operator see."""

    name = "calls"
    verbose_name = _("Calls")

    def ready(self) -> None:
        """Register the system checks."""
        from calls import checks  # noqa: F401
