# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What runs elsewhere: workflows by their schema, hooks and targets that exist."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def steps() -> list[dict[str, Any]]:
    """Every step of every job."""
    return [
        step
        for path in WORKFLOWS
        for job in yaml.safe_load(path.read_text())["jobs"].values()
        for step in job["steps"]
    ]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("custom.github-workflows-require-timeout", WORKFLOWS),
        ("vendor.dependabot", [ROOT / ".github" / "dependabot.yml"]),
    ],
)
def test_files_are_as_github_wants_them(schema: str, files: list[Path]) -> None:
    """The schemas come with the checker, so no network is needed."""
    done = subprocess.run(
        [PROGRAMS / "check-jsonschema", "--builtin-schema", schema, *files],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_write_nothing_unless_a_job_says_so(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert "concurrency" in workflow


def test_actions_are_pinned_to_a_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    for action in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+(\.\d+)*", action), action


def test_no_step_after_the_checkout_has_its_token() -> None:
    """Tests run code of packages; only steps that are given a token have one."""
    checkouts = [s for s in steps() if s.get("uses", "").startswith("actions/checkout")]
    assert len(checkouts) == len(WORKFLOWS)
    assert all(s["with"] == {"persist-credentials": False} for s in checkouts)


def test_commands_of_the_workflows_exist() -> None:
    """Make targets, and files of this project."""
    commands = "\n".join(step.get("run", "") for step in steps())
    for target in re.findall(r"^make (\w+)", commands, re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
    for name in re.findall(r"(?<![\w/.])((?:appinfo|\.ci)/[\w.]+)", commands):
        assert (ROOT / name).exists(), name
    assert "bash .ci/run" in commands


def test_python_versions_are_those_of_the_project() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    project = (ROOT / "pyproject.toml").read_text()
    assert f'requires-python = ">={versions[0]}"' in project


def test_hooks_run_programs_of_the_environment() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert len(hooks) >= 5
    for hook in hooks:
        program = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert (PROGRAMS / program).exists(), program
