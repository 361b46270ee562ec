# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The signaling protocol without I/O: text in, events and text out.

Three kinds of method: what arrived (`connected`, `receive_text`, `disconnected`),
what the user wants (`send`), and what came of it (`events`, `texts_to_send`).
"""

import logging

from signaling.errors import HpbError
from signaling.hpb import refusals
from signaling.hpb.auth import hello_parameters
from signaling.hpb.events import (
    Disconnected,
    Event,
    Joined,
    Noticed,
    ReconnectNeeded,
    Refused,
    RequestFailed,
)
from signaling.hpb.messages import (
    Bye,
    ByeReceived,
    CallEnded,
    ErrorReply,
    Hello,
    HelloReply,
    Ignored,
    JoinRoom,
    Malformed,
    OutgoingMessage,
    Resume,
    RoomReply,
    SetInCall,
    Welcome,
    parse,
    serialise,
)
from signaling.hpb.requests import RequestLog
from signaling.hpb.state import TRANSITIONS, State
from signaling.hpb.wirelog import describe

__all__ = ["Disconnected", "Event", "Joined", "RequestFailed", "SignalingProtocol"]

logger = logging.getLogger(__name__)

IN_CALL_WITHOUT_MEDIA = 1
MCU = "mcu"
"Feature of an HPB that can pass on media."
MAX_JOIN_FAILURES = 5
"Joins refused one after the other until we give up."


class SignalingProtocol:
    """One internal client in one room."""

    def __init__(self, room_token: str, secret: str, backends: tuple[str, ...]) -> None:
        if not backends:
            raise ValueError("no backend URL to say hello with")
        self.state = State.CONNECTING
        self.session_id = ""
        self.good_backend = ""
        "The backend URL the HPB accepted; may be set beforehand if it is known."
        self._room_token = room_token
        self._secret = secret
        self._backends = backends
        self._untried: list[str] = []
        self._backend = ""
        self._resume_id = ""
        self._nonce = ""
        self._hellos = 0
        self._hello: Hello | Resume | None = None
        self._may_hello = True
        self._features: frozenset[str] = frozenset()
        self._in_room = False
        self._join_failures = 0
        self._told_lost = False
        self._requests = RequestLog()
        self._events: list[Event] = []
        self._texts: list[str] = []

    @property
    def has_resume_id(self) -> bool:
        """Whether the next hello will try to take up the old session."""
        return bool(self._resume_id)

    # --- What arrived -------------------------------------------------------------

    def connected(self, nonce: str, *, may_hello: bool = True) -> None:
        """A socket is open; `nonce` is new random text of at least 32 characters.

        Without `may_hello` only a resume is tried on this connection.
        """
        self._nonce = nonce
        self._may_hello = may_hello
        self._features = frozenset()
        best = [url for url in self._backends if url == self.good_backend]
        self._untried = best + [url for url in self._backends if url not in best]
        self._enter(State.HELLO_SENT)
        if self._resume_id:
            self._write(Resume(self._resume_id))
        else:
            self._say_hello()

    def disconnected(self, reason: str) -> None:
        """The socket is gone, or could not be opened; the session may live on."""
        if self.state is State.CLOSED:
            return
        if self.state is not State.CONNECTING:
            self._enter(State.CONNECTING)
        if not self._told_lost:
            self._told_lost = True
            self._events.append(Disconnected(reason))
        self._requests.clear()
        self._texts.clear()

    def forget_session(self) -> None:
        """Do not try to resume: the next hello is a full one."""
        self._resume_id = ""
        self._in_room = False

    def receive_text(self, text: str) -> None:
        """Take one text frame; never raises, whatever the HPB sends."""
        message = parse(text)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("< %s", describe(message))
        if self.state in (State.CONNECTING, State.CLOSED):
            return
        match message:
            case Welcome(features, _):
                self._features |= features
            case HelloReply():
                self._on_hello(message)
            case RoomReply(room_token):
                self._on_room(room_token)
            case ErrorReply():
                self._on_error(message)
            case ByeReceived(reason):
                # Nobody keeps a session that the HPB itself has ended or handed on.
                self.forget_session()
                self._reconnect(f"the HPB said bye: {reason or 'no reason'}")
            case Ignored(what):
                self._events.append(Noticed(f"ignored {what}"))
            case Malformed(why):
                self._events.append(Noticed(f"malformed: {why}"))
            case _:
                self._events.append(message)

    # --- What the user wants ------------------------------------------------------

    def send(self, message: OutgoingMessage) -> None:
        """Write a message; raises `MessageTooLargeError`. Only makes sense in JOINED.

        `Bye` may be said as soon as there is a session, and ends everything.
        """
        self._write(message)
        if isinstance(message, Bye):
            self._enter(State.CLOSED)

    # --- What came of it ----------------------------------------------------------

    def events(self) -> list[Event]:
        """Drain the events."""
        events, self._events = self._events, []
        return events

    def texts_to_send(self) -> list[str]:
        """Drain the texts."""
        texts, self._texts = self._texts, []
        return texts

    # --- Reactions ----------------------------------------------------------------

    def _on_hello(self, reply: HelloReply) -> None:
        if self.state is not State.HELLO_SENT:
            self._events.append(Noticed("a hello nobody asked for"))
            return
        self._features |= reply.features
        resumed = isinstance(self._hello, Resume)
        same = resumed and reply.session_id == self.session_id
        self.session_id = reply.session_id
        self._resume_id = reply.resume_id
        if not resumed:
            self.good_backend = self._backend
        if MCU not in self._features:
            self._refuse(refusals.no_media_server(), bye=True)
        elif same and self._in_room:
            # Room, flags and subscriptions are kept; joining again is an error.
            self._enter(State.JOINED)
            self._tell_joined(resumed=True)
        else:
            self._in_room = False
            self._enter(State.JOINING)
            self._write(JoinRoom(self._room_token, self.session_id))

    def _on_room(self, room_token: str) -> None:
        if not room_token:
            self._events.append(CallEnded("the room was deleted"))
        elif self.state is State.JOINING:
            self._on_joined()
        else:
            self._events.append(Noticed("properties of the room"))

    def _on_joined(self) -> None:
        self._enter(State.JOINED)
        self._in_room = True
        self._join_failures = 0
        # Only now: so the HPB counts us in the call and tells the room.
        self._write(SetInCall(IN_CALL_WITHOUT_MEDIA))
        self._tell_joined(resumed=False)

    def _tell_joined(self, *, resumed: bool) -> None:
        self._told_lost = False
        self._events.append(Joined(self.session_id, resumed))

    def _on_error(self, error: ErrorReply) -> None:
        request = self._requests.take(error.request_id)
        unasked = not error.request_id
        if self.state is State.HELLO_SENT:
            if unasked or isinstance(request, Hello | Resume):
                self._on_hello_error(error.code)
        elif self.state is State.JOINING and (unasked or isinstance(request, JoinRoom)):
            self._on_join_error(error.code)
        elif error.code == "hello_expected":
            self._reconnect("the HPB has lost our session")
        elif request is not None:
            self._events.append(RequestFailed(request, error.code, error.message))
        else:
            self._events.append(Noticed(f"error {error.code}"))

    def _on_hello_error(self, code: str) -> None:
        """The socket stays good for two more seconds and another hello."""
        refusal = refusals.hello_refusal(code)
        if code == "no_such_session" and isinstance(self._hello, Resume):
            self.forget_session()
            if self._may_hello:
                self._say_hello()
            else:
                self._reconnect("the HPB has forgotten our session", at_once=True)
        elif code == "invalid_backend" and self._untried:
            self._say_hello()
        elif refusal is not None:
            self._refuse(refusal)
        else:
            self._reconnect(refusals.hello_trouble(code))

    def _on_join_error(self, code: str) -> None:
        if code == "already_joined":
            self._on_joined()
            return
        self._join_failures += 1
        if self._join_failures >= MAX_JOIN_FAILURES:
            self._refuse(refusals.no_room(code), bye=True)
            return
        if not refusals.keeps_session(code):
            self.forget_session()
        self._reconnect(f"joining the room failed: {code}")

    def _reconnect(self, reason: str, *, at_once: bool = False) -> None:
        self._events.append(ReconnectNeeded(reason, at_once))

    def _refuse(self, error: HpbError, *, bye: bool = False) -> None:
        if bye:
            self._write(Bye())
        self._enter(State.CLOSED)
        self._events.append(Refused(error))

    # --- Writing ------------------------------------------------------------------

    def _say_hello(self) -> None:
        self._backend = self._untried.pop(0)
        # Never the same random text twice, also for a second hello on one socket.
        self._hellos += 1
        random = f"{self._nonce}{self._hellos}"
        self._write(hello_parameters(self._secret, random, self._backend))

    def _write(self, message: OutgoingMessage) -> None:
        if isinstance(message, Hello | Resume):
            self._hello = message
        request_id = self._requests.new_id()
        self._texts.append(serialise(message, request_id))
        self._requests.remember(request_id, message)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("> %s", describe(message))

    def _enter(self, state: State) -> None:
        """The only place where the state changes."""
        if state not in TRANSITIONS[self.state]:
            raise AssertionError(f"{self.state} cannot become {state}")
        logger.debug("%s -> %s", self.state.value, state.value)
        self.state = state
