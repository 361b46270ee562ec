# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What `manage.py check` tells an operator."""

import pytest
from pytest_django.fixtures import Settings

from calls.checks import check_settings


def ids() -> list[str | None]:
    """Ids of what is found now; each message has a hint."""
    found = check_settings(None)
    assert all(message.hint for message in found)
    return [message.id for message in found]


def test_nothing_to_say() -> None:
    """All set."""
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("APP_SECRET", "", "calls.W001"),
        ("LT_HPB_URL", "", "calls.W002"),
        ("LT_STT_URL", "", "calls.W002"),
        ("APP_ID", "kyutai", "calls.W003"),
        ("SKIP_CERT_VERIFY", True, "calls.W004"),
    ],
)
def test_findings(settings: Settings, name: str, value: object, expected: str) -> None:
    """One setting is wrong, one line says so."""
    setattr(settings, name, value)
    assert ids() == [expected]
