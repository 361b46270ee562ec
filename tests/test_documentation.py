# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the README and the docs say is what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "livetranscription" / "settings.py").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])


def settings_read() -> set[str]:
    """Names that settings.py takes from the environment."""
    return set(re.findall(r"environment\.\w+\(\s*\"([A-Z_]+)\"", SETTINGS))


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
    """Every link to a file of the project."""
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_files_named_in_the_docs_exist() -> None:
    """Paths of modules in the architecture page."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    bases = (ROOT, ROOT / "signaling")
    for path in re.findall(r"\b((?:[a-z_]+/)+[a-z_]+\.py)\b", text):
        assert any((base / path).exists() for base in bases), path


def test_make_targets_named_in_the_readme_exist() -> None:
    """The two commands, and the others."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_management_commands_named_in_the_readme_exist() -> None:
    """Ours; Django's own are known."""
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    django = {"migrate", "createsuperuser"}
    for command in re.findall(r"manage\.py ([a-z]+)", README):
        assert command in commands | django, command


def test_every_dependency_has_its_line() -> None:
    """And no line is left of one that is gone."""
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    names = {n.lower() for n in re.findall(r"^([\w-]+)==", pinned, re.MULTILINE)}
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = {n.lower() for n in re.findall(r"^\| ([\w-]+) \|", table, re.MULTILINE)}
    assert rows - {"package"} == names


def test_the_version_is_one() -> None:
    """The package's and the project file's."""
    from livetranscription import __version__

    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{__version__}"' in project
