# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The signaling protocol as a table of what arrives and what comes of it."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import (
    HpbRefusedError,
    HpbThrottledError,
    HpbUnfitError,
    MessageTooLargeError,
)
from signaling.hpb.events import (
    Disconnected,
    Joined,
    Noticed,
    ReconnectNeeded,
    Refused,
    RequestFailed,
)
from signaling.hpb.messages import (
    Answer,
    Bye,
    CallEnded,
    Candidate,
    Offer,
    ParticipantsUpdate,
    RequestOffer,
    SessionsJoined,
    SessionsLeft,
    Transcript,
)
from signaling.hpb.protocol import MAX_JOIN_FAILURES, SignalingProtocol
from signaling.hpb.state import State
from tests.signaling.hpb.wire import (
    ME,
    NAMES,
    NEW,
    SPEAKER,
    recorded,
    recorded_body,
    with_id,
)

NONCE = "0123456789abcdef0123456789abcdef"
SECRET = "the internal secret"
BACKENDS = ("https://a.example", "https://b.example", "https://c.example")


class Peer:
    """A protocol under test, with what it sent decoded."""

    def __init__(self, backends: tuple[str, ...] = BACKENDS) -> None:
        self.protocol = SignalingProtocol("tok3n", SECRET, backends)
        self.last_id = ""

    def state(self) -> State:
        """Where the protocol stands."""
        return self.protocol.state

    def sent(self) -> list[dict[str, Any]]:
        """What the protocol wants to send."""
        messages = [json.loads(text) for text in self.protocol.texts_to_send()]
        if messages:
            self.last_id = messages[-1]["id"]
        return messages

    def answer(self, name: str) -> list[object]:
        """Answer the last message with a recorded one; the events that follow."""
        self.protocol.receive_text(with_id(name, self.last_id))
        return list(self.protocol.events())

    def tell(self, name: str) -> list[object]:
        """Send a recorded message that answers nothing."""
        self.protocol.receive_text(recorded(name))
        return list(self.protocol.events())

    def error(self, code: str) -> list[object]:
        """Answer the last message with an error."""
        body = {"id": self.last_id, "type": "error", "error": {"code": code}}
        self.protocol.receive_text(json.dumps(body))
        return list(self.protocol.events())

    def hello(self) -> list[dict[str, Any]]:
        """Open a connection; what is said first."""
        self.protocol.connected(NONCE)
        return self.sent()

    def join(self) -> None:
        """All the way into the room."""
        self.hello()
        self.answer("hello_reply")
        self.sent()
        assert Joined(ME, resumed=False) in self.answer("room_reply")
        self.sent()


@pytest.fixture
def peer() -> Peer:
    """A protocol that has not been connected yet."""
    return Peer()


@pytest.fixture
def inside() -> Peer:
    """A protocol in its room."""
    peer = Peer()
    peer.join()
    return peer


# --- The way in ---------------------------------------------------------------------


def test_first_connection_leads_into_the_room_and_the_call(peer: Peer) -> None:
    """Hello, join with our own session id, and only then the flag 1."""
    (hello,) = peer.hello()
    assert peer.state() is State.HELLO_SENT
    assert hello["hello"]["auth"]["params"]["backend"] == BACKENDS[0]
    assert hello["hello"]["features"] == ["internal-incall"]
    assert len(hello["hello"]["auth"]["params"]["random"]) >= 32
    assert peer.tell("welcome") == []
    assert peer.answer("hello_reply") == []
    (join,) = peer.sent()
    assert join["room"] == {"roomid": "tok3n", "sessionid": ME}
    assert peer.state() is State.JOINING
    assert peer.answer("room_reply") == [Joined(ME, resumed=False)]
    (flags,) = peer.sent()
    assert flags["internal"] == {"type": "incall", "incall": {"incall": 1}}
    assert peer.state() is State.JOINED
    assert peer.protocol.good_backend == BACKENDS[0]


def test_request_ids_are_never_used_twice(peer: Peer) -> None:
    """Also over several connections."""
    ids = [message["id"] for message in peer.hello()]
    peer.protocol.disconnected("cut")
    ids += [message["id"] for message in peer.hello()]
    assert len(set(ids)) == 2


def test_session_already_in_the_room_counts_as_joined(peer: Peer) -> None:
    """The HPB calls it an error."""
    peer.hello()
    peer.answer("hello_reply")
    peer.sent()
    assert peer.answer("room_error_already_joined") == [Joined(ME, resumed=False)]
    assert peer.sent()[0]["type"] == "internal"


@pytest.mark.parametrize(
    ("welcome", "hello", "fits"),
    [
        ("welcome", "hello_reply", True),
        ("welcome", "hello_reply_without_mcu", True),
        ("welcome_without_mcu", "hello_reply", True),
        ("welcome_without_mcu", "hello_reply_without_mcu", False),
        (None, "hello_reply_without_mcu", False),
    ],
)
def test_server_without_media_is_unfit(
    peer: Peer, welcome: str | None, hello: str, fits: bool
) -> None:
    """Missing in the welcome and in the hello reply; the session is given back."""
    peer.hello()
    if welcome:
        peer.tell(welcome)
    events = peer.answer(hello)
    sent = [message["type"] for message in peer.sent()]
    if fits:
        assert (events, sent) == ([], ["room"])
    else:
        assert [type(event) for event in events] == [Refused]
        assert isinstance(events[0], Refused)
        assert isinstance(events[0].error, HpbUnfitError)
        assert sent == ["bye"]
        assert peer.state() is State.CLOSED


def test_server_that_lost_its_media_is_unfit(inside: Peer) -> None:
    """What an earlier connection had does not count."""
    inside.protocol.disconnected("restart")
    inside.protocol.forget_session()
    inside.hello()
    inside.protocol.events()
    (event,) = inside.answer("hello_reply_without_mcu")
    assert isinstance(event, Refused)
    assert isinstance(event.error, HpbUnfitError)


# --- Hello errors -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_client_type", HpbRefusedError),
        ("invalid_token", HpbRefusedError),
        ("too_many_requests", HpbThrottledError),
        ("invalid_hello_version", HpbRefusedError),
        ("hello_expected", HpbRefusedError),
        ("invalid_format", HpbRefusedError),
    ],
)
def test_refused_hello_is_the_end(peer: Peer, code: str, kind: type) -> None:
    """Nothing more is said, and the secret is not in the text."""
    peer.hello()
    (event,) = peer.error(code)
    assert isinstance(event, Refused)
    assert type(event.error) is kind
    assert SECRET not in str(event.error)
    assert peer.state() is State.CLOSED
    assert peer.sent() == []


@pytest.mark.parametrize("code", ["session_limit_exceeded", "internal_error", ""])
def test_other_hello_errors_ask_for_another_connection(peer: Peer, code: str) -> None:
    """With a pause."""
    peer.hello()
    (event,) = peer.error(code)
    assert isinstance(event, ReconnectNeeded)
    assert not event.at_once


def test_error_without_an_id_counts_for_the_hello(peer: Peer) -> None:
    """There is nothing else it could be about."""
    peer.hello()
    body = {"type": "error", "error": {"code": "invalid_token"}}
    peer.protocol.receive_text(json.dumps(body))
    assert isinstance(peer.protocol.events()[0], Refused)


def test_error_about_something_else_does_not_count_for_the_hello(peer: Peer) -> None:
    """An id that is not the hello's."""
    peer.hello()
    peer.last_id = "999"
    assert peer.error("invalid_token") == []
    assert peer.state() is State.HELLO_SENT


def test_backends_are_tried_once_each_on_one_connection(peer: Peer) -> None:
    """With new random text every time; then the refusal is final."""
    said = [*peer.hello()]
    for _ in range(2):
        assert peer.answer("hello_error_invalid_backend") == []
        said += peer.sent()
    params = [message["hello"]["auth"]["params"] for message in said]
    assert [param["backend"] for param in params] == list(BACKENDS)
    assert len({param["random"] for param in params}) == 3
    (event,) = peer.answer("hello_error_invalid_backend")
    assert isinstance(event, Refused)
    assert "LT_BACKEND_URL" in str(event.error)
    assert peer.sent() == []


def test_good_backend_is_remembered(peer: Peer) -> None:
    """The next hello begins with it and may fall back to the others."""
    peer.hello()
    peer.answer("hello_error_invalid_backend")
    peer.sent()
    peer.answer("hello_reply")
    assert peer.protocol.good_backend == BACKENDS[1]
    peer.protocol.disconnected("cut")
    peer.protocol.forget_session()
    said = [*peer.hello()]
    for _ in range(2):
        peer.answer("hello_error_invalid_backend")
        said += peer.sent()
    tried = [message["hello"]["auth"]["params"]["backend"] for message in said]
    assert tried == [BACKENDS[1], BACKENDS[0], BACKENDS[2]]


def test_no_backend_at_all_is_a_fault_of_the_caller() -> None:
    """There is nothing to say hello with."""
    with pytest.raises(ValueError, match="backend"):
        SignalingProtocol("tok3n", SECRET, ())


# --- Join errors --------------------------------------------------------------------


@pytest.mark.parametrize("code", ["room_join_failed", "no_such_room"])
def test_failed_join_is_repeated_by_the_resumed_session(peer: Peer, code: str) -> None:
    """The session is good, so it is kept; it was never in the room, so it joins."""
    peer.hello()
    peer.answer("hello_reply")
    peer.sent()
    (event,) = peer.error(code)
    assert isinstance(event, ReconnectNeeded)
    peer.protocol.disconnected("again")
    (resume,) = peer.hello()
    assert resume["hello"]["resumeid"] == f"resume-{ME}"
    assert peer.answer("hello_reply") == [Disconnected("again")]
    assert peer.sent()[0]["type"] == "room"


def test_duplicate_session_starts_with_a_new_one(peer: Peer) -> None:
    """Another `sessionid` is needed for the room."""
    peer.hello()
    peer.answer("hello_reply")
    peer.sent()
    (event,) = peer.error("duplicate_session")
    assert isinstance(event, ReconnectNeeded)
    peer.protocol.disconnected("again")
    assert "auth" in peer.hello()[0]["hello"]


def test_room_that_stays_closed_is_given_up(peer: Peer) -> None:
    """After a few tries; the session is given back."""
    for attempt in range(MAX_JOIN_FAILURES):
        peer.hello()
        peer.answer("hello_reply")
        peer.sent()
        (event,) = peer.answer("room_error_room_join_failed")
        if attempt < MAX_JOIN_FAILURES - 1:
            assert isinstance(event, ReconnectNeeded)
            peer.protocol.disconnected("again")
            peer.protocol.events()
    assert isinstance(event, Refused)
    assert isinstance(event.error, HpbUnfitError)
    assert peer.sent()[0]["type"] == "bye"


def test_joins_that_failed_long_ago_are_not_held_against_the_room(peer: Peer) -> None:
    """Success starts the count anew."""
    for _ in range(2):
        for _ in range(MAX_JOIN_FAILURES - 1):
            peer.hello()
            peer.answer("hello_reply")
            peer.sent()
            assert isinstance(peer.error("no_such_room")[0], ReconnectNeeded)
            peer.protocol.disconnected("again")
            peer.protocol.events()
        peer.join()
        peer.protocol.disconnected("again")
        peer.protocol.forget_session()
        peer.protocol.events()


def test_error_about_something_else_does_not_fail_the_join(peer: Peer) -> None:
    """Only the join's own id, or none, counts."""
    peer.hello()
    peer.answer("hello_reply")
    peer.sent()
    peer.last_id = "999"
    assert peer.error("room_join_failed") == [Noticed("error room_join_failed")]
    assert peer.state() is State.JOINING


# --- Lost connections ---------------------------------------------------------------


def test_lost_connection_is_told_once_and_resumed_without_joining(inside: Peer) -> None:
    """Room, flags and subscriptions are still there."""
    inside.protocol.disconnected("cut")
    inside.protocol.disconnected("refused")
    assert inside.protocol.events() == [Disconnected("cut")]
    (resume,) = inside.hello()
    assert resume["hello"] == {"version": "1.0", "resumeid": f"resume-{ME}"}
    assert inside.answer("hello_reply") == [Joined(ME, resumed=True)]
    assert inside.sent() == []
    inside.protocol.disconnected("cut again")
    assert inside.protocol.events() == [Disconnected("cut again")]


def test_connection_that_never_opened_is_told_once(peer: Peer) -> None:
    """The operator sees that the HPB is away, and why."""
    peer.protocol.disconnected("refused")
    peer.protocol.disconnected("refused")
    assert peer.protocol.events() == [Disconnected("refused")]
    assert peer.state() is State.CONNECTING


def test_connection_lost_between_hello_and_room_joins_after_the_resume(
    peer: Peer,
) -> None:
    """A resumed session that was never in the room has to join."""
    peer.hello()
    peer.answer("hello_reply")
    peer.sent()
    peer.protocol.disconnected("cut")
    peer.hello()
    peer.answer("hello_reply")
    (join,) = peer.sent()
    assert join["type"] == "room"
    assert peer.answer("room_error_already_joined") == [Joined(ME, resumed=False)]


def test_resume_refused_starts_full_hello_on_the_same_connection(inside: Peer) -> None:
    """With new random text; the new session joins."""
    inside.protocol.disconnected("restart")
    inside.hello()
    inside.protocol.events()
    assert inside.answer("hello_error_no_such_session") == []
    (hello,) = inside.sent()
    assert hello["hello"]["auth"]["params"]["random"].startswith(NONCE)
    assert inside.answer("hello_reply_new_session") == []
    (join,) = inside.sent()
    assert join["room"]["sessionid"] == NEW
    assert inside.answer("room_reply") == [Joined(NEW, resumed=False)]


def test_resume_refused_without_permission_for_a_hello_reconnects(inside: Peer) -> None:
    """Somebody else's hello has to show first that the credentials still hold."""
    inside.protocol.disconnected("restart")
    inside.protocol.connected(NONCE, may_hello=False)
    inside.protocol.events()
    inside.sent()
    (event,) = inside.answer("hello_error_no_such_session")
    assert event == ReconnectNeeded("the HPB has forgotten our session", at_once=True)
    assert inside.sent() == []
    assert not inside.protocol.has_resume_id


def test_resume_that_brings_another_session_joins(inside: Peer) -> None:
    """Not what the HPB does, but what was not resumed is not in the room."""
    inside.protocol.disconnected("restart")
    inside.hello()
    inside.protocol.events()
    assert inside.answer("hello_reply_new_session") == []
    assert inside.sent()[0]["room"]["sessionid"] == NEW


def test_repeated_no_such_session_is_not_answered_for_ever(inside: Peer) -> None:
    """It makes no sense for a full hello."""
    inside.protocol.disconnected("restart")
    inside.hello()
    inside.protocol.events()
    inside.answer("hello_error_no_such_session")
    inside.sent()
    (event,) = inside.answer("hello_error_no_such_session")
    assert isinstance(event, ReconnectNeeded)
    assert inside.sent() == []


def test_forgotten_session_is_not_resumed(inside: Peer) -> None:
    """The window has passed."""
    known = [inside.protocol.has_resume_id]
    inside.protocol.disconnected("cut")
    inside.protocol.forget_session()
    known.append(inside.protocol.has_resume_id)
    assert known == [True, False]
    assert "auth" in inside.hello()[0]["hello"]


def test_texts_of_a_lost_connection_are_not_sent_on_the_next(inside: Peer) -> None:
    """And its requests have no errors any more."""
    inside.protocol.send(RequestOffer(SPEAKER))
    inside.last_id = inside.sent()[0]["id"]
    inside.protocol.send(RequestOffer("other"))
    inside.protocol.disconnected("cut")
    (only,) = inside.hello()
    assert only["type"] == "hello"
    request_id, inside.last_id = "4", only["id"]
    inside.answer("hello_reply")
    inside.last_id = request_id
    assert inside.error("client_not_found") == [Noticed("error client_not_found")]


@pytest.mark.parametrize(
    "name", ["bye_room_session_reconnected", "bye_session_resumed", "bye_reply"]
)
def test_bye_of_the_server_leads_to_a_new_session(inside: Peer, name: str) -> None:
    """The old one is ended, or in the hands of another connection."""
    (event,) = inside.tell(name)
    assert isinstance(event, ReconnectNeeded)
    assert not event.at_once
    inside.protocol.disconnected(event.reason)
    assert "auth" in inside.hello()[0]["hello"]


# --- In the room --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("room_join_speaker_and_viewer", SessionsJoined),
        ("room_leave", SessionsLeft),
        ("participants_update_joined_with_audio", ParticipantsUpdate),
        ("participants_update_call_ended", CallEnded),
        ("room_delete", CallEnded),
        ("room_reply_empty", CallEnded),
        ("message_offer", Offer),
        ("message_candidate", Candidate),
        ("room_reply", Noticed),
        ("room_message_chat", Noticed),
        ("hello_reply", Noticed),
        ("request_error_client_not_found", Noticed),
    ],
)
def test_message_in_the_room_becomes_an_event(
    inside: Peer, name: str, kind: type
) -> None:
    """One event each, nothing said, and we stay."""
    (event,) = inside.tell(name)
    assert type(event) is kind
    assert inside.sent() == []
    assert inside.state() is State.JOINED
    assert inside.protocol.session_id == ME


def test_error_finds_the_request_it_answers(inside: Peer) -> None:
    """All errors after the join are about one request and end nothing."""
    request = RequestOffer(SPEAKER)
    inside.protocol.send(request)
    inside.sent()
    assert inside.answer("request_error_client_not_found") == [
        RequestFailed(
            request, "client_not_found", "No MCU client found to send message to."
        )
    ]
    assert inside.answer("request_error_client_not_found") == [
        Noticed("error client_not_found")
    ]


def test_refused_caption_is_told(inside: Peer) -> None:
    """Servers up to 1.2.4 refuse what lacks a `roomType`; ours never do."""
    caption = Transcript("V", "S", "hi", "en")
    inside.protocol.send(caption)
    inside.sent()
    assert inside.error("invalid_format") == [
        RequestFailed(caption, "invalid_format", "")
    ]


def test_late_already_joined_is_only_an_error_of_the_join(inside: Peer) -> None:
    """No second flag, no second `Joined`."""
    inside.protocol.events()
    inside.tell("room_error_already_joined")
    assert inside.sent() == []
    assert inside.state() is State.JOINED


def test_lost_session_asks_for_a_new_connection(inside: Peer) -> None:
    """The socket lives, but the HPB does not know who we are."""
    (event,) = inside.error("hello_expected")
    assert isinstance(event, ReconnectNeeded)


def test_malformed_text_is_noticed(inside: Peer) -> None:
    """And nothing else."""
    inside.protocol.receive_text("nonsense")
    assert inside.protocol.events() == [Noticed("malformed: not JSON")]


def test_message_too_large_leaves_nothing_behind(inside: Peer) -> None:
    """The caller learns of it; nothing is sent."""
    with pytest.raises(MessageTooLargeError):
        inside.protocol.send(Answer("S", "47", "v" * 70_000))
    assert inside.sent() == []


def test_bye_is_the_end(inside: Peer) -> None:
    """Whatever comes afterwards, the HPB's own bye included, means nothing."""
    inside.protocol.send(Bye())
    assert inside.sent()[0]["type"] == "bye"
    assert inside.state() is State.CLOSED
    assert inside.answer("bye_reply") == []
    assert inside.tell("message_offer") == []
    inside.protocol.disconnected("closed")
    assert inside.protocol.events() == []
    with pytest.raises(AssertionError, match="CLOSED cannot become"):
        inside.protocol.connected(NONCE)


# --- Anything at all ----------------------------------------------------------------


def test_debug_log_holds_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Neither secret, random text and token of the hello, nor resume id and words."""
    caplog.set_level(logging.DEBUG)
    peer = Peer()
    peer.protocol.connected(NONCE)
    (hello,) = peer.sent()
    peer.answer("hello_reply")
    peer.sent()
    peer.answer("room_reply")
    peer.tell("message_offer")
    peer.protocol.send(Transcript("V", "S", "spoken words", "en"))
    peer.protocol.disconnected("cut")
    peer.hello()
    params = hello["hello"]["auth"]["params"]
    resume_id = recorded_body("hello_reply")["hello"]["resumeid"]
    hidden = [SECRET, NONCE, params["token"], resume_id, "spoken", "ice-pwd"]
    assert "> Hello" in caplog.text
    assert "< Offer" in caplog.text
    assert "joining -> joined" in caplog.text
    assert not [secret for secret in hidden if secret in caplog.text]


@given(
    st.lists(
        st.sampled_from(NAMES) | st.sampled_from(["", "cut", "hello", "say", "\x00{"]),
        max_size=30,
    )
)
def test_no_order_of_messages_raises(steps: list[str]) -> None:
    """Any recorded message may come at any moment, as an answer or unasked."""
    peer = Peer()
    for step in steps:
        state = peer.protocol.state
        if step == "hello" and state is State.CONNECTING:
            peer.hello()
        elif step == "cut":
            peer.protocol.disconnected("cut")
        elif step == "say" and state is State.JOINED:
            peer.protocol.send(RequestOffer(SPEAKER))
            peer.sent()
        elif step in NAMES:
            peer.answer(step)
            peer.tell(step)
            peer.sent()
        else:
            peer.protocol.receive_text(step)
        if peer.protocol.state in (State.CONNECTING, State.CLOSED):
            assert peer.sent() == []
