# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The table of a stream's states."""

import pytest

from signaling.stt.state import MAY_FOLLOW, StreamState, follow

PAIRS = [(old, new) for old in StreamState for new in StreamState]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_only_listed_states_follow(old: StreamState, new: StreamState) -> None:
    """Every pair either is in the table or is refused by name."""
    if new in MAY_FOLLOW[old]:
        assert follow(old, new) is new
    else:
        with pytest.raises(ValueError, match=new.name):
            follow(old, new)


def test_a_refused_stream_stays_refused() -> None:
    """Neither the end nor the refusal is ever left again."""
    assert not MAY_FOLLOW[StreamState.FAILED]
    assert not MAY_FOLLOW[StreamState.CLOSED]


def test_finish_reaches_its_end_from_everywhere() -> None:
    """All states in which something is under way lead to CLOSED."""
    under_way = set(StreamState) - {StreamState.FAILED, StreamState.CLOSED}
    assert all(StreamState.CLOSED in MAY_FOLLOW[state] for state in under_way)
