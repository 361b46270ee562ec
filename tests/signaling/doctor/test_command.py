# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py doctor`: table, JSON, exit codes."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from signaling.doctor.report import plain_text
from signaling.doctor.result import Level, Result


def doctor(*arguments: str, **options: Any) -> tuple[int, str]:
    """Exit code and output."""
    output = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", *arguments, stdout=output, **options)
    code = ended.value.code
    assert isinstance(code, int)
    return code, output.getvalue()


def test_exit_code_and_table() -> None:
    code, text = doctor("--only", "disk", "--no-color")
    assert code == 0
    assert "APP_PERSISTENT_STORAGE" not in text
    assert "MiB free" in text
    assert "All is well." in text


def test_failure_names_the_setting(settings: Settings) -> None:
    settings.LT_HPB_URL = ""
    code, text = doctor("--only", "disk,hpb", "secret")
    assert code == 2
    assert "LT_HPB_URL is not set." in text
    assert "needs: HPB" in text


def test_json(settings: Settings) -> None:
    settings.LT_HPB_URL = ""
    code, text = doctor("--only", "hpb", "settings", "--json")
    document = json.loads(text)
    assert document["exit_code"] == code == 2
    assert [check["name"] for check in document["checks"]] == ["settings", "hpb"]
    fields = {"name", "title", "level", "seen", "change", "seconds", "details"}
    assert set(document["checks"][0]) == fields
    assert document["checks"][0]["details"][0].keys() == {"name", "value", "source"}


def test_details_on_request() -> None:
    _, text = doctor("--only", "settings", verbosity=2)
    assert "LT_STT_CONNECT_TIMEOUT" in text


def test_unknown_name() -> None:
    with pytest.raises(CommandError, match="no such check: hbp; there are settings, "):
        call_command("doctor", only=["hbp"])


def test_plain_text_is_plain() -> None:
    """Also where a peer's words look like the table's markup."""
    text = plain_text([Result("a", "A", Level.FAILURE, "[red]x[/red]", "LT_X", 0.0)])
    assert "[red]x[/red]" in text
    assert "\x1b" not in text
    assert "FAILURE" in text
