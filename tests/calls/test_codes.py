# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Events: each is told somewhere, and `docs/operating.md` says of each what to do."""

import re
from pathlib import Path

import pytest

from calls.codes import EventCode
from calls.states import SpeakerState

ROOT = Path(__file__).resolve().parents[2]
CODES = [code.value for code in EventCode]
BY_STATE = {f"speaker.{state}" for state in SpeakerState}
"Told under the name of the state that a speaker enters."


def test_the_documentation_has_every_code_and_no_other() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    table = text.partition("| Event | Meaning | What to do |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([a-z.]+)` \| (.+) \| (.+) \|$", table, re.MULTILINE)
    assert [row[0] for row in rows] == CODES


def test_every_state_of_a_speaker_that_is_entered_has_a_code() -> None:
    """The end of a speaker is told by leaving, or by the end of the call."""
    assert BY_STATE - set(CODES) == {"speaker.ended"}


@pytest.mark.parametrize("code", sorted(set(EventCode) - BY_STATE))
def test_every_other_code_is_used(code: EventCode) -> None:
    sources = [
        path.read_text()
        for folder in ("calls", "signaling")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "codes.py"
    ]
    assert any(f"EventCode.{code.name}" in source for source in sources)
