# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The settings module as a start of the program reads it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRINT = """
import json
from django.conf import settings
print(json.dumps({
    "SECRET_KEY": settings.SECRET_KEY,
    "DATABASES": settings.DATABASES,
    "CHANNEL_LAYERS": settings.CHANNEL_LAYERS,
    "NEXTCLOUD_URL": settings.NEXTCLOUD_URL,
    "AUTHENTICATION_BACKENDS": settings.AUTHENTICATION_BACKENDS,
    "LT_INTERNAL_SECRET": settings.LT_INTERNAL_SECRET,
}, default=str))
"""


def start(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `code` with nothing of this machine's settings but `variables`."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "livetranscription.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read(**variables: str) -> dict[str, Any]:
    """Settings of interest under `variables`."""
    done = start(PRINT, **variables)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LT_HPB_URL", "hpb.example.com"),
        ("LT_STT_WIRE", "flac"),
        ("LT_STT_IDLE_SECONDS", "1"),
        ("LT_STT_RENEW_SECONDS", "0.5"),
        ("LT_STT_MAX_STREAMS", "0"),
        ("LT_DEFAULT_LANGUAGE", "de"),
        ("SKIP_CERT_VERIFY", "maybe"),
        ("APP_PORT", "70000"),
        ("LOG_LEVEL", "loud"),
        ("CHANNEL_LAYER_URL", "localhost:6379"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(name: str, value: str) -> None:
    done = start("from django.conf import settings; settings.DEBUG", **{name: value})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name} " in done.stderr.splitlines()[-1]


def test_the_signing_key_comes_from_the_app_secret(tmp_path: Path) -> None:
    storage = str(tmp_path)
    first = read(APP_SECRET="s" * 32, APP_PERSISTENT_STORAGE=storage)
    again = read(APP_SECRET="s" * 32, APP_PERSISTENT_STORAGE=storage)
    other = read(APP_SECRET="t" * 32, APP_PERSISTENT_STORAGE=storage)
    assert first["SECRET_KEY"] == again["SECRET_KEY"] != other["SECRET_KEY"]
    assert "sss" not in first["SECRET_KEY"]


def test_defaults_need_neither_postgresql_nor_redis(tmp_path: Path) -> None:
    storage = tmp_path / "made" / "volume"
    settings = read(
        APP_PERSISTENT_STORAGE=str(storage),
        NEXTCLOUD_URL="https://cloud.example.com/index.php/",
        LT_INTERNAL_SECRET="$begins-like-a-variable",
    )
    database = settings["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert Path(database["NAME"]).parent == storage
    assert storage.is_dir()
    layer = settings["CHANNEL_LAYERS"]["default"]["BACKEND"]
    assert layer == "channels.layers.InMemoryChannelLayer"
    assert settings["NEXTCLOUD_URL"] == "https://cloud.example.com"
    assert settings["LT_INTERNAL_SECRET"] == "$begins-like-a-variable"


def test_postgresql_and_redis_by_url() -> None:
    settings = read(
        DATABASE_URL="postgres://lt:p%24ss@db.example.com:5433/captions",
        CHANNEL_LAYER_URL="redis://redis.example.com:6379/2",
    )
    database = settings["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"]) == ("db.example.com", 5433)
    assert (database["USER"], database["PASSWORD"]) == ("lt", "p$ss")
    hosts = settings["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"]
    assert hosts[0]["address"] == "redis://redis.example.com:6379/2"


def test_passwords_are_for_development_only() -> None:
    backends = "django.contrib.auth.backends."
    assert read()["AUTHENTICATION_BACKENDS"] == [backends + "BaseBackend"]
    assert read(DEBUG="true")["AUTHENTICATION_BACKENDS"] == [backends + "ModelBackend"]
