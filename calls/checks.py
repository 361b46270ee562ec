# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""System checks: what an operator has to know before the first call."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from calls.configuration import missing_settings

EXPECTED_APP_ID = "live_transcription"


@register("calls")
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Settings that are missing or surprising; each with a hint."""
    found: list[CheckMessage] = []
    if not settings.APP_SECRET:
        found.append(
            Warning(
                "APP_SECRET is not set: every request will be refused.",
                hint="AppAPI sets it; for development set it to the secret that the "
                "app was registered with.",
                id="calls.W001",
            )
        )
    missing = missing_settings()
    if missing:
        found.append(
            Warning(
                f"No call can be captioned without {', '.join(missing)}.",
                hint="See the table of settings in README.md.",
                id="calls.W002",
            )
        )
    if settings.APP_ID != EXPECTED_APP_ID:
        found.append(
            Warning(
                f"APP_ID is {settings.APP_ID!r}, but Talk looks for "
                f"{EXPECTED_APP_ID!r} only.",
                hint="Register the app under the id that Talk knows.",
                id="calls.W003",
            )
        )
    if settings.SKIP_CERT_VERIFY:
        found.append(
            Warning(
                "SKIP_CERT_VERIFY is on: anybody between us and the HPB can listen.",
                hint="Give the HPB a certificate that this machine trusts.",
                id="calls.W004",
            )
        )
    return found
