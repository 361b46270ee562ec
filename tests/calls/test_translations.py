# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Every text of the pages has its French, and what is compiled is what is written."""

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from livetranscription.asgi import application
from tests.calls.conftest import appapi_headers
from tests.conftest import missing

ROOT = Path(__file__).parents[2]
FRENCH = Path("livetranscription/locale/fr/LC_MESSAGES/django.po")
SOURCES = ("calls", "signaling", "livetranscription")
PLACEHOLDER = re.compile(r"%\(\w+\)s|%d|\{\w+\}")


@pytest.fixture(autouse=True)
def _tools() -> None:
    if shutil.which("msgfmt") is None:
        missing("gettext")


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """What a program prints; raises `CalledProcessError` if it fails."""
    done = subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def compiled(path: Path) -> dict[str | tuple[str, int], str]:
    """The catalogue of a compiled file."""
    with path.open("rb") as file:
        catalogue: dict[str | tuple[str, int], str] = vars(
            gettext.GNUTranslations(file)
        )["_catalog"]
    return catalogue


def test_compiled_is_what_is_written(tmp_path: Path) -> None:
    run("msgfmt", "--check", "--output-file", tmp_path / "fr.mo", ROOT / FRENCH)
    committed = compiled((ROOT / FRENCH).with_suffix(".mo"))
    assert compiled(tmp_path / "fr.mo") == committed


def test_texts_have_the_same_places_to_fill_in() -> None:
    for original, french in compiled((ROOT / FRENCH).with_suffix(".mo")).items():
        if original and isinstance(original, str):
            places = sorted(PLACEHOLDER.findall(original))
            assert sorted(PLACEHOLDER.findall(french)) == places, original


def test_no_text_is_without_its_french(tmp_path: Path) -> None:
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "manage.py", tmp_path)
    options = ("--locale", "fr", "--no-wrap", "--no-location", "--no-obsolete")
    options = ("--locale", "fr", "--no-wrap", "--no-location", "--no-obsolete")
    run(sys.executable, "manage.py", "makemessages", *options, folder=tmp_path)
    untranslated = run("msgattrib", "--untranslated", tmp_path / FRENCH)
    assert untranslated == "", "run `make messages` and translate"
    assert run("msgattrib", "--only-fuzzy", tmp_path / FRENCH) == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("asked", "language", "said"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr", "Aucun appel n’est sous-titré"),
        ("en-GB", "en", "No call is captioned now"),
        ("pl,*;q=0.1", "en", "No call is captioned now"),
    ],
)
async def test_pages_are_in_the_browsers_language(
    asked: str, language: str, said: str
) -> None:
    headers = {**appapi_headers("admin"), "Accept-Language": asked}
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://app", headers=headers
    ) as client:
        page = (await client.get("/admin/")).text
        assert f'<html lang="{language}"' in page
        assert said in page
        answer = await client.post("/api/v1/call/transcribe", content=b"{}")
        assert "must" in answer.json()["error"] or "missing" in answer.json()["error"]
