# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Every command in README and docs can be typed as it stands."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^( *)```sh\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
OTHERS = frozenset(
    ("cd", "cargo", "curl", "docker", "export", "git", "moshi-server", "uvx")
)
"Programs of others, with arguments that only they can judge."
OCC = {
    "app_api:app:list": set(),
    "app_api:app:register": {"--info-xml", "--env", "--wait-finish", "--json-info"},
    "app_api:app:unregister": {"--rm-data"},
    "app_api:app:enable": set(),
    "app_api:app:disable": set(),
    "app_api:app:update": {"--info-xml", "--wait-finish"},
    "app_api:daemon:list": set(),
    "app_api:daemon:register": set(),
}
"AppAPI's commands, and the options that we use."


def blocks() -> list[tuple[str, str]]:
    """Page and text of each block of shell lines."""
    return [
        (page.name, re.sub(f"^{indent}", "", block, flags=re.MULTILINE))
        for page in PAGES
        for indent, block in BLOCK.findall(page.read_text(encoding="utf-8"))
    ]


def commands() -> list[tuple[str, list[str]]]:
    """Page and words of each command, comments left out."""
    found = []
    for page, block in blocks():
        # Python that is fed to a shell of Django's is not ours to parse.
        block = re.sub(
            r"<<'?(\w+)'?\n.*?^\1$", "", block, flags=re.DOTALL | re.MULTILINE
        )
        for words in split(block):
            found.append((page, words))
    return found


def split(block: str) -> list[list[str]]:
    """Words of each command of a block."""
    lexer = shlex.shlex(
        block.replace("\\\n", " "), posix=True, punctuation_chars=";&|\n"
    )
    lexer.whitespace = " \t"
    lexer.commenters = "#"
    lexer.whitespace_split = True
    result: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set(";&|\n"):
            result.append([])
        else:
            result[-1].append(word)
    return [words for words in result if words]


def named(*programs: str) -> list[list[str]]:
    """Arguments of the commands of these programs, through sudo and docker as well."""
    return [
        words[index + 1 :]
        for _, words in commands()
        for index, word in enumerate(words)
        if Path(word).name in programs
    ]


def test_there_is_something_to_check() -> None:
    assert len(commands()) > 40
    assert {"README.md", "upgrade.md", "development.md"} <= {
        page for page, _ in blocks()
    }


@pytest.mark.parametrize(("page", "block"), blocks())
def test_blocks_are_shell(page: str, block: str) -> None:
    """Quotes and continuation lines are right."""
    done = subprocess.run(
        ["/bin/bash", "-n"], input=block, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, f"{page}: {done.stderr}"


@pytest.mark.parametrize(("page", "words"), commands())
def test_programs_are_known(page: str, words: list[str]) -> None:
    words = [word for word in words if not re.match(r"[A-Z_]+=", word)]
    if words[0] == "sudo":
        words = words[1:]
    program = Path(words[0]).name
    ours = {"make", "occ", "python", "python3", "pip", "sh", "pre-commit"}
    assert program in ours | OTHERS, f"{page}: {words[0]}"


@pytest.mark.parametrize("arguments", named("manage.py"), ids=" ".join)
def test_management_commands_take_these_options(arguments: list[str]) -> None:
    name, *options = arguments
    assert name in get_commands(), name
    parser = load_command_class(get_commands()[name], name).create_parser("", name)
    plain = [word for word in options if not re.match(r"[<>]", word)]
    parser.parse_args(plain)


@pytest.mark.parametrize("arguments", named("make"), ids=" ".join)
def test_make_targets_exist(arguments: list[str]) -> None:
    assert re.search(rf"^{arguments[0]}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize(
    "options",
    re.findall(r"make demo ARGS=\"([^\"]+)\"", "\n".join(p.read_text() for p in PAGES)),
)
def test_options_of_the_demo_exist(options: str) -> None:
    parser = load_command_class("devkit", "demo").create_parser("", "demo")
    parser.parse_args(shlex.split(options))


@pytest.mark.parametrize("arguments", named("occ"), ids=" ".join)
def test_occ_commands_are_appapis(arguments: list[str]) -> None:
    name, *rest = arguments
    assert name in OCC
    options = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert options <= OCC[name]


@pytest.mark.parametrize("words", [words for _, words in commands()], ids=" ".join)
def test_files_of_ours_exist(words: list[str]) -> None:
    for word in words:
        if re.match(r"(devkit|appinfo|tests|docs|requirements)[\w/.-]*$", word):
            assert (ROOT / word).exists(), word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_in_sentences_exist(page: Path) -> None:
    for target in re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_management_commands_in_sentences_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`manage\.py ([a-z]+)", text):
        assert name in get_commands(), name
