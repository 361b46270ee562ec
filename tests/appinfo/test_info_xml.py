# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The manifest: what AppAPI accepts, and the same names as settings and README."""

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from calls.checks import EXPECTED_APP_ID
from livetranscription import __version__

ROOT = Path(__file__).resolve().parents[2]
INFO = ET.parse(ROOT / "appinfo" / "info.xml").getroot()  # noqa: S314 - our own file
EXTERNAL = INFO.find("external-app")
assert EXTERNAL is not None
VARIABLES = EXTERNAL.findall("environment-variables/variable")
ROUTES = EXTERNAL.findall("routes/route")
ORDER = [
    "id",
    "name",
    "summary",
    "description",
    "version",
    "licence",
    "author",
    "namespace",
    "category",
    "website",
    "bugs",
    "repository",
    "dependencies",
    "external-app",
]
"The order that Nextcloud's schema wants, of the elements we have."
FROM_APPAPI = re.compile(r"(APP|HP|AA)_|NEXTCLOUD_URL$")
NOT_FOR_OPERATORS = {"DEBUG"}


def text(path: str) -> str:
    """Content of an element that has to be there."""
    found = INFO.findtext(path)
    assert found, path
    return found.strip()


def settings_for_operators() -> set[str]:
    """What settings.py reads and nobody but the operator sets."""
    source = (ROOT / "livetranscription" / "settings.py").read_text()
    names = set(re.findall(r"environment\.\w+\(\s*\"([A-Z_]+)\"", source))
    return {n for n in names if not FROM_APPAPI.match(n)} - NOT_FOR_OPERATORS


def test_elements_are_those_of_the_schema_in_its_order() -> None:
    assert [element.tag for element in INFO] == ORDER


def test_identity_is_what_talk_and_the_app_store_expect() -> None:
    assert text("id") == EXPECTED_APP_ID
    assert re.fullmatch(r"[a-z]+[a-z0-9_]*[a-z0-9]+", text("id"))
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", text("namespace"))
    assert text("licence") == "agpl"
    assert text("category") == "tools"
    assert len(text("summary")) <= 128


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    image_tag = text("external-app/docker-install/image-tag")
    assert {text("version"), image_tag, project["version"]} == {__version__}
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_nextcloud_versions_with_a_cc_button() -> None:
    versions = INFO.find("dependencies/nextcloud")
    assert versions is not None
    assert versions.attrib == {"min-version": "32", "max-version": "35"}


def test_every_setting_of_an_operator_is_declared_and_no_other() -> None:
    """AppAPI passes on nothing that is not declared here."""
    names = [variable.findtext("name") for variable in VARIABLES]
    assert len(names) == len(set(names))
    assert set(names) == settings_for_operators()


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda v: v.findtext("name"))
def test_variables_are_explained(variable: ET.Element) -> None:
    assert {e.tag for e in variable} == {"name", "display-name", "description"}
    description = variable.findtext("description") or ""
    assert description.endswith(".")
    assert len(description) > 20
    assert variable.findtext("display-name") != variable.findtext("name")


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda v: v.findtext("name"))
def test_defaults_are_those_of_the_readme(variable: ET.Element) -> None:
    """Required ones say so, others name the default that the README's table has."""
    name = variable.findtext("name") or ""
    description = variable.findtext("description") or ""
    readme = (ROOT / "README.md").read_text()
    row = re.search(rf"^\| `{name}` \| (.+?) \|", readme, re.MULTILINE)
    assert row is not None
    if row.group(1).startswith("required"):
        assert "Required" in description
    plain = re.fullmatch(r"`([\w-]+)`", row.group(1))
    if plain:
        assert f"Default: {plain.group(1)}" in description


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.findtext("url"))
def test_routes_are_for_administrators_and_well_formed(route: ET.Element) -> None:
    """Anything else would open Talk's and AppAPI's own calls to browsers."""
    assert route.findtext("access_level") == "ADMIN"
    url = route.findtext("url") or ""
    assert url.startswith("^/")
    pattern = re.compile(url)
    for private in ("/init", "/enabled", "/capabilities", "/api/v1/status", "/metrics"):
        assert not pattern.match(private)
    assert json.loads(route.findtext("headers_to_exclude") or "") == []
    assert set((route.findtext("verb") or "").split(",")) <= {"GET", "POST"}


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/calls/call/1/change/"])
def test_the_admin_is_reachable(path: str) -> None:
    assert any(re.match(route.findtext("url") or "", path) for route in ROUTES)


def test_the_icon_is_a_small_drawing_without_scripts() -> None:
    icon = (ROOT / "appinfo" / "icon.svg").read_text()
    assert len(icon) < 4000
    root = ET.fromstring(icon)  # noqa: S314 - our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "script" not in icon
