# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Whatever the HPB sends becomes one of our messages, and nothing ever raises."""

import json
import re
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.hpb.messages import (
    ByeReceived,
    CallEnded,
    Candidate,
    ErrorReply,
    HelloReply,
    Ignored,
    IncomingMessage,
    Malformed,
    Offer,
    Participant,
    ParticipantsUpdate,
    RoomReply,
    RoomSession,
    SessionsJoined,
    SessionsLeft,
    Welcome,
    parse,
)
from signaling.hpb.parsing import MAX_ID_CHARS, MAX_SDP_CHARS, MAX_SESSIONS
from tests.signaling.hpb.wire import (
    ME,
    NAMES,
    SPEAKER,
    VIEWER,
    recorded,
    recorded_body,
)

ALL_INCOMING = IncomingMessage.__args__


def update(*users: object) -> str:
    """A participants update with these entries."""
    body = {"roomid": "tok3n", "users": users}
    event = {"target": "participants", "type": "update", "update": body}
    return json.dumps({"type": "event", "event": event})


def participant(session_id: str, in_call: int | None, **more: Any) -> Participant:
    """A participant, by default a guest without anything."""
    values = {"nextcloud_session_id": "", "user_id": "", "internal": False}
    return Participant(
        session_id=session_id, in_call=in_call, **{"virtual": False, **values, **more}
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "room_join_speaker_and_viewer",
            SessionsJoined(
                (
                    RoomSession(SPEAKER, "nc-alice", "alice", "Alice", False, False),
                    RoomSession(VIEWER, "nc-guest", "", "", False, False),
                )
            ),
        ),
        (
            "room_join_ourselves",
            SessionsJoined((RoomSession(ME, ME, "", "", True, False),)),
        ),
        (
            "room_join_federated",
            SessionsJoined(
                (
                    RoomSession(
                        "FED", "nc-bob", "bob@cloud.example.org", "Bob", False, True
                    ),
                )
            ),
        ),
        ("room_leave", SessionsLeft((SPEAKER,))),
        ("room_delete", CallEnded("the room was deleted")),
        ("room_message_chat", Ignored("event room/message")),
        ("room_switchto", Ignored("event room/switchto")),
        ("room_reply", RoomReply("tok3n")),
        ("room_reply_empty", RoomReply("")),
        (
            "participants_update_joined_with_audio",
            ParticipantsUpdate(
                (
                    participant(
                        SPEAKER, 3, nextcloud_session_id="nc-alice", user_id="alice"
                    ),
                    participant(VIEWER, 1, nextcloud_session_id="nc-guest"),
                    participant(ME, 1, internal=True),
                )
            ),
        ),
        (
            "participants_update_booleans",
            ParticipantsUpdate((participant(SPEAKER, 1), participant(VIEWER, 0))),
        ),
        (
            "participants_update_permissions_only",
            ParticipantsUpdate(
                (
                    participant(
                        SPEAKER, None, nextcloud_session_id="nc-alice", user_id="alice"
                    ),
                )
            ),
        ),
        (
            "participants_update_virtual_and_bridge",
            ParticipantsUpdate(
                (
                    participant("V", 9, virtual=True),
                    participant("BRIDGE", 3, internal=True),
                )
            ),
        ),
        (
            "participants_update_call_ended",
            CallEnded("the call was ended for everyone"),
        ),
        ("participants_update_all_in_call", Ignored("flags for everyone")),
        ("participants_flags_virtual", Ignored("event participants/flags")),
        (
            "message_candidate",
            Candidate(
                SPEAKER,
                "5477355519950468",
                "candidate:1 1 udp 2015363327 192.0.2.2 31356 typ host",
                "0",
                0,
            ),
        ),
        (
            "message_candidate_empty",
            Candidate(SPEAKER, "5477355519950468", "", "", 0),
        ),
        ("message_offer_screen", Ignored("message offer")),
        ("message_transcript_of_another", Ignored("message transcript")),
        (
            "hello_error_invalid_token",
            ErrorReply("1", "invalid_token", "The passed token is invalid."),
        ),
        (
            "room_error_already_joined",
            ErrorReply("2", "already_joined", "Already joined this room.", "tok3n"),
        ),
        ("bye_room_session_reconnected", ByeReceived("room_session_reconnected")),
        ("bye_reply", ByeReceived("")),
    ],
)
def test_recorded_message_is_understood(name: str, expected: IncomingMessage) -> None:
    """Shapes as servers 1.2.4 to 2.1.1 send them."""
    assert parse(recorded(name)) == expected


def test_welcome_and_hello_bring_the_features() -> None:
    """The resume id is there, but not in the log line."""
    welcome, hello = parse(recorded("welcome")), parse(recorded("hello_reply"))
    assert isinstance(welcome, Welcome)
    assert isinstance(hello, HelloReply)
    assert "mcu" in welcome.features & hello.features
    assert welcome.version == "2.0.2-2+b2.debian"
    assert (hello.session_id, hello.resume_id) == (ME, f"resume-{ME}")
    assert hello.resume_id not in repr(hello)


def test_offer_brings_its_sdp_unchanged() -> None:
    """Line ends included; and without the ICE password in `repr`."""
    offer = parse(recorded("message_offer"))
    body = recorded_body("message_offer")["message"]["data"]
    assert offer == Offer(SPEAKER, "5477355519950468", body["payload"]["sdp"])
    assert "ice-pwd" not in repr(offer)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '"type"',
        "\ufeff{}",
        "[" * 100_000,
        "1" * 10_000,
        '{"type":"hello"}',
        '{"type":"hello","hello":{"sessionid":5}}',
        '{"type":"message","message":{"data":{"type":"offer","roomType":"video"}}}',
        '{"type":"message","message":{"sender":{"sessionid":"S"},"data":{"type":'
        '"offer","roomType":"video","payload":{"sdp":7}}}}',
        '{"type":"message","message":{"sender":{"sessionid":"S"},"data":{"type":'
        '"offer","roomType":"video","payload":{"sdp":""}}}}',
    ],
)
def test_text_that_is_no_message_is_malformed(text: str) -> None:
    """It is a value to be logged, not an exception."""
    assert isinstance(parse(text), Malformed)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{}", "no type"),
        ('{"type":7}', "no type"),
        ('{"type":"transient"}', "transient"),
        ('{"type":"' + "x" * 1000 + '"}', "x" * 40),
        ('{"type":"a\\nb\\u0000c"}', "a b c"),
        ('{"type":"event"}', "event /"),
        ('{"type":"message","message":[]}', "message "),
    ],
)
def test_unknown_message_is_ignored_by_its_name(text: str, what: str) -> None:
    """Newer servers say more; the name is short and fits on a line."""
    assert parse(text) == Ignored(what)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (7, 7),
        (True, 1),
        (False, 0),
        (-1, None),
        (2**40, None),
        ("3", None),
        (1.5, None),
    ],
)
def test_flags_are_a_number_a_boolean_or_unknown(
    flags: object, expected: int | None
) -> None:
    """Talk has sent both; anything else keeps what is known."""
    parsed = parse(update({"sessionId": "S", "inCall": flags}))
    assert parsed == ParticipantsUpdate((participant("S", expected),))


def test_entries_that_are_none_are_left_out() -> None:
    """One bad entry does not spoil the others."""
    bad: list[object] = [
        None,
        7,
        [],
        {},
        {"sessionId": ""},
        {"sessionId": "a\nb"},
        {"sessionId": 3},
    ]
    parsed = parse(update(*bad, {"sessionId": "S", "inCall": 1}))
    assert parsed == ParticipantsUpdate((participant("S", 1),))
    joined = {"target": "room", "type": "join", "join": [*bad, {"sessionid": "S"}]}
    assert parse(json.dumps({"type": "event", "event": joined})) == SessionsJoined(
        (RoomSession("S", "", "", "", False, False),)
    )
    left = {"target": "room", "type": "leave", "leave": [*bad, "S"]}
    assert parse(json.dumps({"type": "event", "event": left})) == SessionsLeft(("S",))


def test_lists_and_texts_are_bounded() -> None:
    """A hostile message does not fill memory, logs or our own messages."""
    users = ({"sessionId": f"S{number}"} for number in range(MAX_SESSIONS + 10))
    parsed = parse(update(*users))
    assert isinstance(parsed, ParticipantsUpdate)
    assert len(parsed.participants) == MAX_SESSIONS
    hello = {"sessionid": "S" * (MAX_ID_CHARS + 1), "resumeid": "R"}
    assert isinstance(parse(json.dumps({"type": "hello", "hello": hello})), Malformed)
    body = recorded_body("message_offer")
    body["message"]["data"]["payload"]["sdp"] = "v" * (MAX_SDP_CHARS + 1)
    assert isinstance(parse(json.dumps(body)), Malformed)


def test_texts_of_people_are_printable() -> None:
    """NUL breaks database columns, line breaks break logs, surrogates break both."""
    name = "A\u0000l\nic\ud800e" + "!" * 1000
    entry = {"sessionid": "S", "user": {"displayname": name}}
    event = {"target": "room", "type": "join", "join": [entry]}
    parsed = parse(json.dumps({"type": "event", "event": event}))
    assert isinstance(parsed, SessionsJoined)
    assert parsed.sessions[0].display_name.startswith("A l ic e!!")
    assert len(parsed.sessions[0].display_name) == 200


@pytest.mark.parametrize(
    ("index", "expected"), [(2, 2), (1000, 0), (-1, 0), ("1", 0), (None, 0), (True, 1)]
)
def test_candidate_has_a_sensible_media_line(index: object, expected: int) -> None:
    """An index no SDP has would be no use to anybody."""
    body = recorded_body("message_candidate")
    candidate = body["message"]["data"]["payload"]["candidate"]
    candidate["sdpMLineIndex"] = index
    parsed = parse(json.dumps(body))
    assert isinstance(parsed, Candidate)
    assert parsed.sdp_mline_index == expected


# --- Free input ---------------------------------------------------------------------

KEYS = sorted(set(re.findall(r'"(\w+)":', "".join(map(recorded, NAMES)))))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["event", "room", "join", "update", "offer", "video", "hello"])
)
trees = st.recursive(
    scalars,
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(), children, max_size=6)
    ),
    max_leaves=20,
)


def paths(tree: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a JSON tree."""
    found = [path]
    if isinstance(tree, dict):
        for key, value in tree.items():
            found += paths(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            found += paths(value, (*path, index))
    return found


def replaced(tree: Any, path: tuple[Any, ...], value: object) -> Any:
    """A copy of the tree with another value at one place."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


def assert_sound(message: IncomingMessage) -> None:
    """A frozen dataclass of ours that holds no container of the peer's."""
    assert type(message) in ALL_INCOMING
    assert is_dataclass(message)
    hash(message)
    for field in fields(message):
        value = getattr(message, field.name)
        assert isinstance(value, str | int | tuple | frozenset | None)
        if isinstance(value, str):
            value.encode()


@given(st.text())
def test_any_text_gives_a_message(text: str) -> None:
    """Garbage from the HPB never raises."""
    assert_sound(parse(text))


@given(trees)
def test_any_json_gives_a_message(tree: object) -> None:
    """Also when it looks like a message at first."""
    assert_sound(parse(json.dumps(tree)))


@given(st.sampled_from(NAMES), st.data())
def test_any_mutation_of_a_real_message_gives_a_message(
    name: str, data: st.DataObject
) -> None:
    """Any value in any place may be something else, or the text may be cut."""
    body = recorded_body(name)
    path = data.draw(st.sampled_from(paths(body)))
    text = json.dumps(replaced(body, path, data.draw(trees)))
    assert_sound(parse(text))
    assert_sound(parse(text[: data.draw(st.integers(0, len(text)))]))
