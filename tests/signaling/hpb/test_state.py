# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The table of states says what may follow what."""

from signaling.hpb.state import TRANSITIONS, State


def test_every_state_has_its_row() -> None:
    """A new state without a row would be a dead end by accident."""
    assert set(TRANSITIONS) == set(State)


def test_closed_is_the_end_and_can_be_reached_from_everywhere() -> None:
    """Refused or left: nothing follows."""
    assert TRANSITIONS[State.CLOSED] == frozenset()
    others = set(State) - {State.CLOSED}
    assert all(State.CLOSED in TRANSITIONS[state] for state in others)


def test_lost_connection_leads_back_to_connecting() -> None:
    """From wherever the connection stood."""
    for state in (State.HELLO_SENT, State.JOINING, State.JOINED):
        assert State.CONNECTING in TRANSITIONS[state]


def test_room_is_entered_after_hello_only() -> None:
    """Resumed sessions are in it at once."""
    before = {state for state in State if State.JOINED in TRANSITIONS[state]}
    assert before == {State.HELLO_SENT, State.JOINING}
