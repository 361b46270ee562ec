# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The import rules of the project, checked on the syntax trees."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("livetranscription", "calls", "signaling", "devkit")

PURE = {
    "calls.states",
    "calls.codes",
    "calls.control",
    "calls.schemas",
    "calls.languages",
    "calls.logfolding",
    "signaling.errors",
    "signaling.backoff",
    "signaling.hpb.events",
    "signaling.hpb.incoming",
    "signaling.hpb.refusals",
    "signaling.hpb.requests",
    "signaling.hpb.schedule",
    "signaling.hpb.wirelog",
    "signaling.hpb.messages",
    "signaling.hpb.outgoing",
    "signaling.hpb.parsing",
    "signaling.hpb.state",
    "signaling.hpb.auth",
    "signaling.hpb.guard",
    "signaling.hpb.protocol",
    "signaling.hpb.roster",
    "signaling.doctor.result",
    "signaling.doctor.sample",
    "signaling.doctor.stop",
    "signaling.webrtc.sdp",
    "signaling.audio.packet",
    "signaling.audio.noise",
    "signaling.audio.gate",
    "signaling.audio.reorder",
    "signaling.audio.framer",
    "signaling.audio.ogg",
    "signaling.stt.events",
    "signaling.stt.backlog",
    "signaling.stt.closing",
    "signaling.stt.json_text",
    "signaling.stt.reasons",
    "signaling.stt.renewal",
    "signaling.stt.state",
    "signaling.stt.timing",
    "signaling.stt.wire",
    "signaling.stt.wires",
    "signaling.stt.modal_pcm",
    "signaling.stt.modal_opus",
    "signaling.stt.moshi",
    "signaling.stt.text",
    "signaling.stt.watchdog",
    "signaling.captions.caption",
    "signaling.captions.assembler",
    "signaling.captions.pacing",
    "signaling.captions.recent",
    "signaling.captions.documents",
    "signaling.supervisor.audience",
    "signaling.supervisor.seats",
    "signaling.supervisor.slots",
    "signaling.supervisor.suspects",
}
PURE_MAY_IMPORT = {"numpy", "msgpack"}
NOT_PURE = {"asyncio", "socket", "threading", "subprocess", "random", "secrets"}

PARTS = ("hpb", "webrtc", "audio", "stt", "captions")
BETWEEN_PARTS = {
    ("webrtc", "signaling.audio.packet"),
    ("captions", "signaling.stt.events"),
}
MAY_USE_CALLS = (
    "signaling.management",
    "signaling.consumers",
    "signaling.worker",
    "signaling.supervisor.",
    "signaling.doctor.",
)
OF_CALLS = {"calls.services", "calls.control", "calls"}
PAGES = {"signaling.doctor.views"}
"They answer requests, as `calls.views` does and by its means."
OF_PAGES = {
    "calls.lifecycle",
    "calls.schemas",
    "calls.views.answers",
    "calls.views.occ",
}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    """Dotted name and path of each module of a package, migrations left out."""
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" not in path.parts:
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__"), path


def imports(path: Path) -> set[str]:
    """Dotted names a file imports; `from a import b` counts as both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def packages_of(path: Path) -> set[str]:
    """Top-level names a file imports."""
    return {name.partition(".")[0] for name in imports(path)}


ALL = {name: path for package in PACKAGES for name, path in modules(package)}
each_module = pytest.mark.parametrize("name", sorted(ALL))


def test_every_pure_module_exists() -> None:
    """The list of pure modules names real files."""
    assert set(ALL) >= PURE


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_import_only_pure_ones(name: str) -> None:
    """Pure modules use the standard library, numpy, msgpack and each other."""
    for imported in imports(ALL[name]):
        top = imported.partition(".")[0]
        if top in PACKAGES:
            owner = imported if imported in ALL else imported.rpartition(".")[0]
            is_package = ALL.get(owner, Path()).name == "__init__.py"
            assert owner in PURE or is_package, f"{name} imports {imported}"
        else:
            assert top not in NOT_PURE, f"{name} imports {imported}"
            assert top in PURE_MAY_IMPORT or _is_standard(top), imported


def _is_standard(top: str) -> bool:

    return top in sys.stdlib_module_names


@each_module
def test_production_code_never_imports_tests_or_devkit(name: str) -> None:
    """What goes into the image stands on its own."""
    if not name.startswith("devkit"):
        assert not packages_of(ALL[name]) & {"tests", "devkit"}


@each_module
def test_calls_never_imports_signaling(name: str) -> None:
    """The web side sends messages instead."""
    if name.startswith("calls"):
        assert "signaling" not in packages_of(ALL[name])


@each_module
def test_project_imports_apps_only_by_name(name: str) -> None:
    """`livetranscription` composes; it knows no app."""
    if name.startswith("livetranscription"):
        assert not packages_of(ALL[name]) & {"calls", "signaling", "devkit"}


@each_module
def test_signaling_meets_calls_at_its_edges_only(name: str) -> None:
    """Services and control messages, from the supervisor and the worker alone."""
    if name.startswith("signaling"):
        used = {i for i in imports(ALL[name]) if i.partition(".")[0] == "calls"}
        if used:
            assert name.startswith(MAY_USE_CALLS), f"{name} imports {used}"
            allowed = OF_CALLS | OF_PAGES if name in PAGES else OF_CALLS
            for imported in used:
                assert imported in allowed or imported.rpartition(".")[0] in allowed


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_signaling_do_not_import_each_other(part: str) -> None:
    """`supervisor` joins them; they do not know of each other."""
    others = {f"signaling.{other}" for other in PARTS if other != part}
    for name, path in modules(f"signaling/{part}"):
        for imported in imports(path):
            if any(imported == o or imported.startswith(f"{o}.") for o in others):
                allowed = any(
                    part == mine and imported.startswith(theirs)
                    for mine, theirs in BETWEEN_PARTS
                )
                assert allowed, f"{name} imports {imported}"


@each_module
def test_devkit_writes_the_wire_formats_itself(name: str) -> None:
    """Both ends sharing code would share a bug."""
    if name.startswith("devkit"):
        shared = [i for i in imports(ALL[name]) if i.partition(".")[0] in {"signaling"}]
        assert not shared


@each_module
def test_only_the_config_reads_settings_in_signaling(name: str) -> None:
    """Everything else receives a config object."""
    readers = {
        "signaling.config",
        "signaling.doctor.catalogue",
        "signaling.doctor.checks_settings",
        "signaling.doctor.inventory",
        "signaling.management.commands.runcallworker",
    }
    if name.startswith("signaling") and name not in readers:
        assert "django.conf.settings" not in imports(ALL[name])


@each_module
def test_tasks_are_created_on_task_groups_only(name: str) -> None:
    """No task without an owner."""
    for node in ast.walk(ast.parse(ALL[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            loose = node.attr in {"create_task", "ensure_future"}
            assert not (loose and node.value.id == "asyncio"), name


@each_module
def test_files_stay_readable(name: str) -> None:
    """Files have at most 300 lines; packages split before they grow."""
    lines = ALL[name].read_text(encoding="utf-8").count("\n")
    assert lines <= 300, f"{name} has {lines} lines"
