# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who is in the room and in the call, whatever order the HPB tells it in."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.hpb import roster as module
from signaling.hpb.messages import (
    Participant,
    ParticipantsUpdate,
    RoomSession,
    SessionsJoined,
    SessionsLeft,
    parse,
)
from signaling.hpb.roster import Roster
from tests.signaling.hpb.wire import ME, SPEAKER, VIEWER, recorded

RosterEvent = SessionsJoined | SessionsLeft | ParticipantsUpdate


@pytest.fixture
def roster() -> Roster:
    """A roster that knows only who we are."""
    roster = Roster()
    roster.set_own_session(ME)
    return roster


def joined(
    session_id: str,
    nextcloud_session_id: str = "",
    name: str = "",
    *,
    internal: bool = False,
) -> SessionsJoined:
    """One session enters the room."""
    session = RoomSession(session_id, nextcloud_session_id, "", name, internal, False)
    return SessionsJoined((session,))


def listed(
    session_id: str,
    in_call: int | None,
    nextcloud_session_id: str = "",
    *,
    internal: bool = False,
    virtual: bool = False,
) -> ParticipantsUpdate:
    """One entry of a participants update."""
    entry = Participant(
        session_id, nextcloud_session_id, "", in_call, internal, virtual
    )
    return ParticipantsUpdate((entry,))


def follow(roster: Roster, *names: str) -> None:
    """Apply recorded messages."""
    for name in names:
        event = parse(recorded(name))
        assert isinstance(event, RosterEvent)
        roster.apply(event)


def test_recorded_call_is_understood(roster: Roster) -> None:
    """Alice speaks, a guest reads, we are no publisher."""
    follow(
        roster,
        "room_join_speaker_and_viewer",
        "room_join_ourselves",
        "participants_update_joined_with_audio",
    )
    assert roster.publishers() == {SPEAKER}
    assert roster.session_of("nc-guest") == VIEWER
    assert roster.nextcloud_session_of(SPEAKER) == "nc-alice"
    assert roster.display_name(SPEAKER) == "Alice"
    assert roster.in_call(VIEWER) is True
    assert roster.is_present(VIEWER)
    assert roster.has_people_in_call() is True
    follow(roster, "participants_update_left_call")
    assert roster.publishers() == frozenset()
    assert roster.in_call(SPEAKER) is False
    assert roster.is_present(SPEAKER)
    assert roster.has_people_in_call() is True


@pytest.mark.parametrize(
    ("flags", "publishes"),
    [(0, False), (1, False), (2, False), (3, True), (5, False), (7, True), (11, True)],
)
def test_publisher_is_in_the_call_with_audio(
    roster: Roster, flags: int, publishes: bool
) -> None:
    """Bit 1 and bit 2."""
    roster.apply(listed("S", flags))
    assert roster.publishers() == ({"S"} if publishes else set())


def test_flags_as_booleans_say_in_call_without_audio(roster: Roster) -> None:
    """`true` is 1, and 1 has no audio."""
    follow(roster, "participants_update_booleans")
    assert roster.in_call(SPEAKER) is True
    assert roster.in_call(VIEWER) is False
    assert roster.publishers() == frozenset()


def test_update_is_an_upsert(roster: Roster) -> None:
    """Who is missing from an update has not left the call."""
    roster.apply(listed("A", 3))
    roster.apply(listed("B", 3))
    assert roster.publishers() == {"A", "B"}
    roster.apply(ParticipantsUpdate(()))
    assert roster.publishers() == {"A", "B"}


def test_update_without_flags_keeps_what_is_known(roster: Roster) -> None:
    """A change of permissions or of a name says nothing about the call."""
    roster.apply(listed(SPEAKER, 3))
    follow(roster, "participants_update_permissions_only")
    assert roster.publishers() == {SPEAKER}
    assert roster.session_of("nc-alice") == SPEAKER


def test_session_with_unknown_flags_is_no_publisher(roster: Roster) -> None:
    """It was seen entering the room, which is not the call."""
    roster.apply(joined("S"))
    assert roster.publishers() == frozenset()
    assert roster.in_call("S") is None
    assert roster.in_call("nobody") is None


def test_bots_bridges_phones_and_ourselves_are_no_publishers(roster: Roster) -> None:
    """Nor are they people for whom a call is kept."""
    follow(roster, "participants_update_virtual_and_bridge")
    roster.apply(joined("V"))
    roster.apply(joined("BRIDGE"))
    roster.apply(joined("RECORDER", internal=True))
    roster.apply(listed("RECORDER", 3))
    roster.apply(joined(ME))
    roster.apply(listed(ME, 3))
    assert roster.publishers() == frozenset()
    assert roster.has_people_in_call() is False


def test_helper_stays_one_when_an_update_does_not_repeat_it(roster: Roster) -> None:
    """Old servers say `internal` in the update only, new ones also on entering."""
    roster.apply(listed("B", 1, internal=True))
    roster.apply(joined("B"))
    roster.apply(listed("B", 3))
    assert roster.publishers() == frozenset()


def test_nobody_is_known_to_be_gone_before_the_first_flags(roster: Roster) -> None:
    """Names and permissions alone do not tell that the call is empty."""
    assert roster.has_people_in_call() is None
    roster.apply(joined("S"))
    roster.apply(listed("S", None))
    assert roster.has_people_in_call() is None
    roster.apply(listed("S", 0))
    assert roster.has_people_in_call() is False
    roster.apply(listed("S", 1))
    assert roster.has_people_in_call() is True


def test_empty_list_says_that_nobody_is_in_the_call(roster: Roster) -> None:
    """It is an answer, not the lack of one."""
    roster.apply(ParticipantsUpdate(()))
    assert roster.has_people_in_call() is False


def test_ghost_does_not_keep_the_call(roster: Roster) -> None:
    """In the call by the list, but never seen in the room."""
    roster.apply(listed("GHOST", 3, "nc"))
    assert roster.has_people_in_call() is False
    assert not roster.is_present("GHOST")
    roster.apply(joined("GHOST", "nc"))
    assert roster.has_people_in_call() is True


def test_old_list_does_not_bring_back_who_left(roster: Roster) -> None:
    """The HPB repeats the last list it has, also when somebody is gone since."""
    roster.apply(joined("S", "nc", "Alice"))
    roster.apply(listed("S", 3, "nc"))
    roster.apply(SessionsLeft(("S",)))
    for _ in range(2):
        assert roster.publishers() == frozenset()
        assert roster.session_of("nc") is None
        assert not roster.is_present("S")
        assert roster.in_call("S") is not True
        assert roster.has_people_in_call() is False
        assert roster.display_name("S") == "Alice"
        roster.apply(listed("S", 3, "nc"))


def test_who_comes_back_is_there_again(roster: Roster) -> None:
    """With the same session, first without flags, then with them."""
    roster.apply(joined("S", "nc"))
    roster.apply(listed("S", 3, "nc"))
    roster.apply(SessionsLeft(("S",)))
    roster.apply(joined("S", "nc"))
    assert roster.session_of("nc") == "S"
    assert roster.publishers() == frozenset()
    roster.apply(listed("S", 3, "nc"))
    assert roster.publishers() == {"S"}


def test_flags_told_before_the_join_count_after_it(roster: Roster) -> None:
    """The two events may come in either order."""
    roster.apply(joined("S"))
    roster.apply(SessionsLeft(("S",)))
    roster.apply(listed("S", 3))
    roster.apply(joined("S"))
    assert roster.publishers() == {"S"}


def test_leave_of_a_stranger_is_remembered(roster: Roster) -> None:
    """A list that still names the session is out of date."""
    roster.apply(SessionsLeft(("S",)))
    roster.apply(listed("S", 3, "nc"))
    assert roster.publishers() == frozenset()
    assert roster.session_of("nc") is None


# --- Nextcloud sessions -------------------------------------------------------------


def test_update_names_the_session_of_who_was_not_seen_entering(roster: Roster) -> None:
    """The second source, where a join event is missing."""
    roster.apply(listed("S", 1, "nc"))
    assert roster.session_of("nc") == "S"
    assert roster.nextcloud_session_of("S") == "nc"
    assert roster.session_of("other") is None


def test_join_event_is_believed_before_an_update(roster: Roster) -> None:
    """An update that names another session for somebody present is out of date."""
    roster.apply(joined("NEW", "nc"))
    roster.apply(listed("OLD", 3, "nc"))
    assert roster.session_of("nc") == "NEW"
    roster.apply(listed("NEW", 3, "wrong"))
    assert roster.nextcloud_session_of("NEW") == "nc"


def test_reconnected_participant_is_found_under_the_new_session(roster: Roster) -> None:
    """The old session may leave before or after the new one enters."""
    roster.apply(joined("OLD", "nc"))
    roster.apply(joined("NEW", "nc"))
    roster.apply(SessionsLeft(("OLD",)))
    assert roster.session_of("nc") == "NEW"
    roster.apply(SessionsLeft(("NEW",)))
    roster.apply(listed("NEWEST", 3, "nc"))
    assert roster.session_of("nc") == "NEWEST"


def test_session_under_another_nextcloud_session_drops_the_first(
    roster: Roster,
) -> None:
    """One HPB session belongs to one Nextcloud session."""
    roster.apply(joined("S", "nc1"))
    roster.apply(joined("S", "nc2"))
    assert roster.session_of("nc1") is None
    assert roster.session_of("nc2") == "S"


def test_federated_mark_is_left_out_of_the_comparison(roster: Roster) -> None:
    """Either side may carry it."""
    follow(roster, "room_join_federated")
    assert roster.session_of("nc-bob") == "FED"
    assert roster.session_of("federated|nc-bob") == "FED"
    assert roster.display_name("FED") == "Bob"


def test_name_is_kept_when_an_entry_lacks_it(roster: Roster) -> None:
    """Unknown sessions have neither name nor Nextcloud session."""
    roster.apply(joined("S", "nc", "Alice"))
    roster.apply(joined("S"))
    assert roster.display_name("S") == "Alice"
    assert roster.nextcloud_session_of("S") == "nc"
    assert roster.display_name("nobody") == roster.nextcloud_session_of("nobody") == ""


def test_reset_forgets_all_but_ourselves(roster: Roster) -> None:
    """After a full reconnect every session may have another id."""
    roster.apply(joined("S", "nc"))
    roster.apply(listed("S", 3))
    roster.reset()
    assert roster.publishers() == frozenset()
    assert roster.session_of("nc") is None
    assert roster.has_people_in_call() is None
    roster.apply(listed(ME, 3))
    assert roster.publishers() == frozenset()


# --- Bounds -------------------------------------------------------------------------


def test_hostile_lists_do_not_fill_memory(
    roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound nobody is taken in; who is known is still followed."""
    monkeypatch.setattr(module, "MAX_SESSIONS", 3)
    for number in range(10):
        roster.apply(listed(f"S{number}", 3, f"nc{number}"))
        roster.apply(joined(f"S{number}", f"nc{number}"))
    assert roster.publishers() == {"S0", "S1", "S2"}
    assert roster.session_of("nc3") is None
    roster.apply(SessionsLeft(("S9",)))
    roster.apply(listed("S1", 0))
    assert roster.publishers() == {"S0", "S2"}


def test_who_left_long_ago_makes_room(
    roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long call with much coming and going does not fill up."""
    monkeypatch.setattr(module, "MAX_SESSIONS", 5)
    monkeypatch.setattr(module, "MAX_LEFT", 2)
    for number in range(50):
        roster.apply(joined(f"S{number}", f"nc{number}", "name"))
        roster.apply(SessionsLeft((f"S{number}",)))
    assert roster.display_name("S49") == "name"
    assert roster.display_name("S40") == ""
    roster.apply(joined("LAST", "nc40"))
    assert roster.session_of("nc40") == "LAST"


ids = st.sampled_from(["A", "B", "C", ME])
nextcloud_ids = st.sampled_from(["", "n1", "n2", "n3"])
events = st.one_of(
    st.builds(joined, ids, nextcloud_ids, internal=st.booleans()),
    st.builds(lambda session_id: SessionsLeft((session_id,)), ids),
    st.builds(
        listed,
        ids,
        st.none() | st.integers(0, 15),
        nextcloud_ids,
        internal=st.booleans(),
        virtual=st.booleans(),
    ),
    st.just(ParticipantsUpdate(())),
)


@given(st.lists(events, max_size=40), st.integers(1, 4), st.integers(1, 2))
def test_any_order_of_events_keeps_the_roster_consistent(
    told: list[RosterEvent], most: int, most_left: int
) -> None:
    """Publishers are in the call, and both kinds of id lead to each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_SESSIONS", most)
        patch.setattr(module, "MAX_LEFT", most_left)
        roster = Roster()
        roster.set_own_session(ME)
        for event in told:
            roster.apply(event)
            check_consistency(roster)


def check_consistency(roster: Roster) -> None:
    """What holds at every moment."""
    in_call: Callable[[str], bool | None] = roster.in_call
    assert all(in_call(session_id) is True for session_id in roster.publishers())
    assert ME not in roster.publishers()
    for nextcloud_session_id in ("n1", "n2", "n3"):
        session_id = roster.session_of(nextcloud_session_id)
        if session_id is not None:
            assert roster.nextcloud_session_of(session_id) == nextcloud_session_id
    if roster.has_people_in_call():
        assert any(roster.is_present(session_id) for session_id in "ABC")


def test_sessions_that_no_list_names_are_unlisted(roster: Roster) -> None:
    """In the room, but nothing was said about them; bots and ourselves are not meant."""
    for event in (joined(ME), joined("A"), joined("B"), joined("BOT", internal=True)):
        roster.apply(event)
    assert roster.unlisted() == frozenset()  # no list has come at all
    roster.apply(listed("A", 3))
    assert roster.unlisted() == {"B"}
    roster.apply(SessionsLeft(("B",)))
    assert roster.unlisted() == frozenset()
