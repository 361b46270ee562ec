# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Recipients come and go, late and early, by wish and by presence."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.supervisor.audience import (
    AWAY_S,
    PENDING_S,
    Audience,
    Change,
    Place,
)


@dataclass
class Room:
    """Presence as the test wants it: Nextcloud session -> HPB session, flags."""

    sessions: dict[str, str] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)

    def session_of(self, nextcloud_session_id: str) -> str | None:
        """As the roster."""
        return self.sessions.get(nextcloud_session_id)

    def in_call(self, session_id: str) -> bool | None:
        """As the roster."""
        return self.flags.get(session_id)


@pytest.fixture
def audience() -> Audience:
    """An audience that nobody has joined."""
    return Audience()


def test_wish_before_presence_waits_and_is_bound_when_seen(audience: Audience) -> None:
    """The HPB may announce a participant after the wish has arrived."""
    room = Room()
    audience.wish(["nc"], 0.0)
    assert audience.follow(room, 1.0) == []
    assert not audience.targets
    assert audience.keeps_call(1.0)
    room.sessions["nc"] = "S1"
    assert audience.follow(room, 2.0) == [Change("nc", Place.BOUND, "S1")]
    assert audience.targets == ("S1",)


def test_wish_without_presence_is_given_up(audience: Audience) -> None:
    """Who never appears does not keep the bot in the room for ever."""
    audience.wish(["nc"], 0.0)
    assert audience.keeps_call(PENDING_S - 0.1)
    assert not audience.keeps_call(PENDING_S)
    assert audience.follow(Room(), PENDING_S) == [Change("nc", Place.GONE)]
    assert audience.follow(Room(), PENDING_S) == []


def test_not_yet_in_the_call_is_not_bound(audience: Audience) -> None:
    """Flags that say 0 before any 1 mean "not yet", not "left"."""
    room = Room({"nc": "S1"}, {"S1": False})
    audience.wish(["nc"], 0.0)
    assert audience.follow(room, 0.0) == []
    room.flags["S1"] = True
    assert audience.follow(room, 1.0) == [Change("nc", Place.BOUND, "S1")]


def test_bound_without_flags_then_not_in_call_waits_again(audience: Audience) -> None:
    """Bound on the join event alone; the first flags may say 0."""
    room = Room({"nc": "S1"})
    audience.wish(["nc"], 0.0)
    audience.follow(room, 0.0)
    room.flags["S1"] = False
    assert audience.follow(room, 1.0) == [Change("nc", Place.PENDING, "S1")]
    assert not audience.targets


def test_leaving_the_call_ends_the_wish(audience: Audience) -> None:
    """Talk does not switch captions off when somebody leaves the call."""
    room = Room({"nc": "S1"}, {"S1": True})
    audience.wish(["nc"], 0.0)
    audience.follow(room, 0.0)
    room.flags["S1"] = False
    assert audience.follow(room, 1.0) == [Change("nc", Place.GONE, "S1")]
    assert not audience.targets
    assert not audience.keeps_call(1.0)


def test_vanished_recipient_may_come_back_under_another_session(
    audience: Audience,
) -> None:
    """A reconnect to the HPB changes the HPB session, not the Nextcloud session."""
    room = Room({"nc": "S1"}, {"S1": True})
    audience.wish(["nc"], 0.0)
    audience.follow(room, 0.0)
    room.sessions.clear()
    assert audience.follow(room, 1.0) == [Change("nc", Place.AWAY, "S1")]
    assert not audience.keeps_call(1.0)
    room.sessions["nc"] = "S2"
    assert audience.follow(room, 5.0) == [Change("nc", Place.BOUND, "S2")]
    assert audience.targets == ("S2",)


def test_vanished_recipient_is_let_go_after_a_while(audience: Audience) -> None:
    """A closed tab ends the wish."""
    room = Room({"nc": "S1"}, {"S1": True})
    audience.wish(["nc"], 0.0)
    audience.follow(room, 0.0)
    room.sessions.clear()
    audience.follow(room, 1.0)
    assert audience.follow(room, 1.0 + AWAY_S) == [Change("nc", Place.GONE, "S1")]


def test_switching_off_takes_the_recipient_out(audience: Audience) -> None:
    """A wish that is no longer there ends at once."""
    room = Room({"a": "S1", "b": "S2"})
    audience.wish(["a", "b"], 0.0)
    audience.follow(room, 0.0)
    audience.wish(["b"], 1.0)
    assert audience.targets == ("S2",)


def test_unbinding_makes_everybody_wait_for_the_new_roster(audience: Audience) -> None:
    """After joining anew, old session ids must not be used."""
    room = Room({"nc": "S1"}, {"S1": True})
    audience.wish(["nc"], 0.0)
    audience.follow(room, 0.0)
    audience.unbind(10.0)
    assert not audience.targets
    assert audience.keeps_call(10.0 + PENDING_S - 1)
    room.sessions["nc"] = "S9"
    assert audience.follow(room, 11.0) == [Change("nc", Place.BOUND, "S9")]


def test_giving_up_lets_go_of_whoever_is_not_there(audience: Audience) -> None:
    """When the call ends, only those who can be seen still count."""
    audience.wish(["here", "missing"], 0.0)
    audience.follow(Room({"here": "S1"}), 0.0)
    assert audience.give_up() == [Change("missing", Place.GONE)]
    assert audience.targets == ("S1",)


names = st.sampled_from(["a", "b", "c"])


@given(
    st.lists(
        st.tuples(
            st.frozensets(names),
            st.dictionaries(names, st.sampled_from(["S1", "S2", "S3"])),
            st.dictionaries(st.sampled_from(["S1", "S2", "S3"]), st.booleans()),
            st.floats(0.0, 40.0),
        )
    )
)
def test_captions_go_only_to_sessions_that_are_there(
    steps: list[tuple[frozenset[str], dict[str, str], dict[str, bool], float]],
) -> None:
    """Whatever happens, targets are wished for, present, and not out of the call."""
    audience, now_s = Audience(), 0.0
    for wanted, sessions, flags, pause_s in steps:
        now_s += pause_s
        audience.wish(wanted, now_s)
        audience.follow(Room(sessions, flags), now_s)
        allowed = {
            session
            for name, session in sessions.items()
            if name in wanted and flags.get(session) is not False
        }
        assert set(audience.targets) <= allowed
