# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The demo, as somebody runs it who has just cloned the project."""

import sys

import pytest

from devkit.app import ROOT
from devkit.program import Program

pytestmark = [pytest.mark.engine, pytest.mark.hpb, pytest.mark.timeout(120)]


@pytest.mark.parametrize(
    ("options", "hpb"),
    [
        (["--seconds", "8"], "the real one"),
        (["--seconds", "8", "--simulate-hpb", "--wire", "moshi"], "simulated"),
    ],
)
async def test_demo_captions_everybody_and_sums_up(
    options: list[str], hpb: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Exit code 0 means that captions came for each speaker."""
    log = tmp_path_factory.mktemp("demo") / "log"
    program = Program([sys.executable, str(ROOT / "manage.py"), "demo", *options], log)
    await program.start()
    assert await program.wait(timeout_s=90.0) == 0, program.tail()
    output = log.read_text()
    assert hpb in output
    for word in ("Charles", "Samuel", "delay p95", "repeated", "CPU", "MiB"):
        assert word in output


async def test_demo_refuses_nonsense(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A sentence, not a traceback."""
    log = tmp_path_factory.mktemp("demo") / "log"
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--seconds", "1"]
    program = Program(command, log)
    await program.start()
    assert await program.wait() == 2
    assert "between 5 and 3600 seconds" in program.tail()
