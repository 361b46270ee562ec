# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The settings as the self-test shows them, and wrong ones that stop every command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from signaling.doctor import inventory
from signaling.doctor.result import Level
from signaling.doctor.stop import text_and_code
from tests.signaling.doctor.conftest import Examine
from tests.test_documentation import SETTINGS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _complete(settings: Settings) -> None:
    settings.LT_HPB_URL = "wss://user:canary-1@hpb.example.com/spreed?canary=2"
    settings.LT_INTERNAL_SECRET = "canary-3"
    settings.LT_STT_URL = "wss://stt.example.com"
    settings.LT_STT_API_KEY = "canary-4"
    settings.APP_SECRET = "canary-5"
    settings.NEXTCLOUD_URL = "https://cloud.example.com"
    settings.MODAL_KEY = settings.MODAL_SECRET = "canary-6"


async def test_settings_with_their_sources(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LT_HPB_URL", "x")
    monkeypatch.setenv("APP_SECRET", "x")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:canary-7@db/lt")
    found = (await examine("settings"))["settings"]
    assert found.level is Level.OK
    rows = {name: (value, source) for name, value, source in found.details}
    assert rows["LT_HPB_URL"] == ("wss://hpb.example.com/spreed", "environment")
    assert rows["APP_SECRET"] == ("set", "AppAPI")
    assert rows["LT_STT_WIRE"] == ("auto", "default")
    assert rows["LT_BACKEND_URL"] == ("not set", "default")
    assert rows["DATABASE_URL"] == ("postgres://db/lt", "environment")
    assert "canary" not in str(found)


def test_every_setting_is_shown() -> None:
    """Also those that nobody has thought of here, and none with its secret."""
    by_program = set(re.findall(r"environment\.\w+\(\s*\"([A-Z_]+)\"", SETTINGS))
    assert {name for name, _, _ in inventory.rows()} >= by_program
    for name in ("MODAL_KEY", "LT_INTERNAL_SECRET", "LT_METRICS_TOKEN"):
        assert inventory.is_secret(name)


async def test_missing_settings(examine: Examine, settings: Settings) -> None:
    settings.LT_INTERNAL_SECRET = settings.NEXTCLOUD_URL = ""
    found = await examine("settings", "secret", "nextcloud")
    assert found["settings"].seen == "Not set: LT_INTERNAL_SECRET, NEXTCLOUD_URL."
    assert "AppAPI sets it" in found["settings"].change
    assert found["nextcloud"].level is Level.FAILURE


async def test_nothing_at_all_is_set(examine: Examine, settings: Settings) -> None:
    settings.LT_HPB_URL = settings.LT_STT_URL = settings.MODAL_WORKSPACE = ""
    found = await examine("settings", "secret", "speech")
    assert {result.level for result in found.values()} == {
        Level.FAILURE,
        Level.SKIPPED,
    }
    assert found["hpb"].seen == "LT_HPB_URL is not set."
    assert "MODAL_WORKSPACE" in found["stt"].seen


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ID", "kyutai_transcription"),
        ("SKIP_CERT_VERIFY", True),
        ("LT_BACKEND_URL", "https://cloud.example.com/ocs/v2.php/apps/spreed"),
        ("DEBUG", True),
    ],
)
async def test_odd_settings(
    examine: Examine, settings: Settings, name: str, value: object
) -> None:
    setattr(settings, name, value)
    found = (await examine("settings"))["settings"]
    assert found.level is Level.WARNING
    assert name in found.seen


async def test_workspace_that_is_an_address(
    examine: Examine, settings: Settings
) -> None:
    settings.LT_STT_URL = ""
    settings.MODAL_WORKSPACE = "https://me.modal.run"
    found = (await examine("settings"))["settings"]
    assert "MODAL_WORKSPACE" in found.change


def test_wrong_value_stops_the_command_with_a_sentence(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LT_STT_WIRE": "morse"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert process.stderr == ""
    (check,) = json.loads(process.stdout)["checks"]
    assert check["seen"].startswith("LT_STT_WIRE must be one of auto, ")
    assert check["level"] == "failure"


def test_what_other_commands_say_about_a_wrong_value() -> None:
    assert text_and_code("X must be Y", ["serve"]) == ("Settings: X must be Y\n", 1)
    text, code = text_and_code("X must be Y", ["doctor"])
    assert text.startswith("FAILURE  Settings: X must be Y.\n")
    assert code == 2
