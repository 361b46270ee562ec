# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The short form of the drill: the faults that no other test makes in a whole call."""

import pytest

from devkit import drill
from devkit.faults import FAULTS, Fault
from devkit.realhpb import available
from tests.conftest import missing

pytestmark = [pytest.mark.fault, pytest.mark.hpb, pytest.mark.timeout(120)]

SHORT_FORM = ("hpb-cut", "stt-cut", "speaker-anew", "disk-full")


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if fault.name in SHORT_FORM],
    ids=lambda fault: fault.name,
)
async def test_captions_come_back(fault: Fault) -> None:
    """In time, with no more lost than nobody could hear, and nothing repeated."""
    lacking = available()
    if lacking is not None:
        missing(lacking)
    outcome = await drill.run(fault)
    assert outcome.problems == []


def test_names_are_plain_and_unique() -> None:
    """They are typed on a command line, and each says what it does."""
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names))
    assert set(SHORT_FORM) <= set(names)
    assert all(fault.act.__doc__ for fault in FAULTS)
