# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the README and the docs say is what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "livetranscription" / "settings.py").read_text(encoding="utf-8")
START_SCRIPT = (ROOT / "appinfo" / "start.sh").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def settings_read() -> set[str]:
    """Names that settings.py and the start script take from the environment."""
    by_program = re.findall(r"environment\.\w+\(\s*\"([A-Z_]+)\"", SETTINGS)
    by_script = re.findall(r"\$\{?((?:[A-Z]+_)+[A-Z]+)\b", START_SCRIPT)
    return {*by_program, *by_script} - {"SSL_CERT_FILE"}


def settings_documented() -> set[str]:
    """Names in the README's table."""
    return set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))


def test_every_setting_is_in_the_table_and_no_other() -> None:
    """An operator finds each, and finds none that does nothing."""
    assert settings_read() == settings_documented()


DEFAULT = re.compile(
    r"environment\.(?:choice|number|whole_number|text)\(\s*"
    r"\"([A-Z_]+)\", \"?([\w.-]+?)\"?[,)]"
)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        pair
        for pair in DEFAULT.findall(SETTINGS)
        if pair[1] not in ("str", "default", "__version__")
    ],
)
def test_defaults_in_the_table_are_the_real_ones(name: str, default: str) -> None:
    """Where settings.py names a plain default, the table names the same."""
    row = re.search(rf"^\| `{name}` \| `([^`]+)` \|", README, re.MULTILINE)
    assert row is not None
    assert row.group(1).replace("_", "") == default.replace("_", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project, and to a heading in it."""
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        target, _, heading = link.partition("#")
        path = page.parent / target if target else page
        assert path.exists(), link
        assert not heading or heading in headings(path), link


def headings(page: Path) -> set[str]:
    """Anchors as GitHub makes them of headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found
    }


def test_files_named_in_the_docs_exist() -> None:
    """Paths of modules in the architecture page."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    bases = (ROOT, ROOT / "signaling")
    for path in re.findall(r"\b((?:[a-z_]+/)+[a-z_]+\.py)\b", text):
        assert any((base / path).exists() for base in bases), path


def test_every_dependency_has_its_line() -> None:
    """And no line is left of one that is gone."""
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w-]+)(?:\[.*\])?==", pinned, re.MULTILINE)
    names = {name.lower() for name in pins}
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    runtime, development = table.split("Development only")
    rows = {n.lower() for n in re.findall(r"^\| ([\w-]+) \|", runtime, re.MULTILINE)}
    assert rows - {"package"} == names
    listed = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    for name in re.findall(r"^([\w-]+)(?:\[.*\])?==", listed, re.MULTILINE):
        assert re.search(rf"[| ,]{name}[ ,|]", development), name


def test_the_version_is_one() -> None:
    """The package's and the project file's."""
    from livetranscription import __version__

    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{__version__}"' in project
