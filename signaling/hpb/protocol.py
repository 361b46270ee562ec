"""The signaling protocol without I/O: text in, events and text out.

Three kinds of method: what arrived (`connected`, `receive_text`, `disconnected`),
what the user wants (`send`), and what came of it (`events`, `texts_to_send`).
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass

from signaling.errors import HpbError, HpbRefusedError, HpbThrottledError, HpbUnfitError
from signaling.hpb.auth import hello_parameters
from signaling.hpb.messages import (
    Bye,
    ByeReceived,
    CallEnded,
    Candidate,
    ErrorReply,
    Hello,
    HelloReply,
    Ignored,
    JoinRoom,
    Malformed,
    Offer,
    OutgoingMessage,
    ParticipantsUpdate,
    Resume,
    RoomReply,
    SessionsJoined,
    SessionsLeft,
    SetInCall,
    Transcript,
    Welcome,
    parse,
    serialise,
)
from signaling.hpb.state import TRANSITIONS, State

logger = logging.getLogger(__name__)

MAX_PENDING = 256
"Requests whose errors can still be told apart."
IN_CALL_WITHOUT_MEDIA = 1


@dataclass(frozen=True, slots=True)
class Joined:
    """We are in the room; `resumed` means that nothing was lost."""

    session_id: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is lost; media goes on meanwhile."""

    reason: str


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The HPB could not do what one message asked for."""

    message: OutgoingMessage
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The HPB will not have us, for now or for good."""

    error: HpbError


@dataclass(frozen=True, slots=True)
class ReconnectNeeded:
    """This connection is of no use any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something odd that deserves a line for debugging."""

    what: str


Event = (
    Joined
    | Disconnected
    | RequestFailed
    | Refused
    | ReconnectNeeded
    | Noticed
    | SessionsJoined
    | SessionsLeft
    | ParticipantsUpdate
    | CallEnded
    | Offer
    | Candidate
)

FINAL_REFUSALS = {
    "invalid_client_type": (
        "The HPB has no internal secret: set `[clients] internalsecret` in its "
        "server.conf and the same value in LT_INTERNAL_SECRET."
    ),
    "invalid_token": (
        "The HPB refuses LT_INTERNAL_SECRET. It must equal `[clients] internalsecret` "
        "of the HPB's server.conf; the secret in Talk's admin page is another one."
    ),
    "invalid_backend": (
        "The HPB does not know this Nextcloud under any of its URLs: set "
        "LT_BACKEND_URL to the URL in the `[backend]` part of the HPB's server.conf."
    ),
}


class SignalingProtocol:
    """One internal client in one room."""

    def __init__(self, room_token: str, secret: str, backends: tuple[str, ...]) -> None:
        self.state = State.CONNECTING
        self.session_id = ""
        self._room_token = room_token
        self._secret = secret
        self._backends = list(backends)
        self._resume_id = ""
        self._nonce = ""
        self._hellos = 0
        self._last_id = 0
        self._pending: OrderedDict[str, OutgoingMessage] = OrderedDict()
        self._events: list[Event] = []
        self._texts: list[str] = []

    @property
    def can_resume(self) -> bool:
        """Whether the next hello will try to take up the old session."""
        return bool(self._resume_id)

    @property
    def backend(self) -> str:
        """The URL under which this Nextcloud introduces itself now."""
        return self._backends[0]

    # --- What arrived -------------------------------------------------------------

    def connected(self, nonce: str) -> None:
        """A socket is open; `nonce` is new random text of at least 32 characters."""
        self._nonce = nonce
        self._enter(State.HELLO_SENT)
        if self._resume_id:
            self._write(Resume(self._resume_id))
        else:
            self._hello()

    def disconnected(self, reason: str) -> None:
        """The socket is gone; the session may be taken up again."""
        if self.state is State.CLOSED:
            return
        if self.state is not State.CONNECTING:
            self._enter(State.CONNECTING)
            self._events.append(Disconnected(reason))
        self._pending.clear()
        self._texts.clear()

    def forget_session(self) -> None:
        """Too late to resume: the next hello is a full one."""
        self._resume_id = ""

    def receive_text(self, text: str) -> None:
        """Take one text frame; never raises, whatever the HPB sends."""
        message = parse(text)
        logger.debug("< %s", type(message).__name__)
        match message:
            case HelloReply() if "mcu" not in message.features:
                self._refuse(
                    HpbUnfitError(
                        "The HPB has no media server (`mcu`): configure Janus."
                    )
                )
            case HelloReply():
                self._on_hello(message)
            case RoomReply(room_token):
                self._on_room(room_token)
            case ErrorReply():
                self._on_error(message)
            case ByeReceived(reason):
                self._on_bye(reason)
            case Welcome(_, version):
                logger.debug("HPB %s", version[:40])
            case Ignored(what):
                self._events.append(Noticed(f"ignored {what}"))
            case Malformed(why):
                self._events.append(Noticed(f"malformed: {why}"))
            case _:
                self._events.append(message)

    # --- What the user wants ------------------------------------------------------

    def send(self, message: OutgoingMessage) -> None:
        """Write a message; raises `MessageTooLargeError`. Only sense when JOINED."""
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
            return
        resumed = reply.session_id == self.session_id and bool(self._resume_id)
        self.session_id = reply.session_id
        self._resume_id = reply.resume_id
        if resumed:
            # Room, flags and subscriptions are kept; joining again is an error.
            self._enter(State.JOINED)
            self._events.append(Joined(self.session_id, resumed=True))
        else:
            self._enter(State.JOINING)
            self._write(JoinRoom(self._room_token, self.session_id))

    def _on_room(self, room_token: str) -> None:
        if not room_token:
            self._events.append(CallEnded("the room was deleted"))
        elif self.state is State.JOINING:
            self._enter(State.JOINED)
            # After the reply: then the HPB counts us and tells the room.
            self._write(SetInCall(IN_CALL_WITHOUT_MEDIA))
            self._events.append(Joined(self.session_id, resumed=False))

    def _on_error(self, error: ErrorReply) -> None:
        request = self._pending.pop(error.request_id, None)
        if self.state is State.HELLO_SENT:
            self._on_hello_error(error)
        elif error.code == "already_joined":
            self._on_room(self._room_token)
        elif self.state is State.JOINING:
            self._events.append(ReconnectNeeded(f"joining failed: {error.code}"))
        elif error.code == "hello_expected":
            self._resume_id = ""
            self._events.append(ReconnectNeeded("the HPB has lost our session"))
        elif request is not None:
            self._events.append(RequestFailed(request, error.code, error.message))
        else:
            self._events.append(Noticed(f"error {error.code[:40]}"))

    def _on_hello_error(self, error: ErrorReply) -> None:
        if error.code == "no_such_session":
            # The socket stays good for two seconds: say a full hello on it.
            self._resume_id = ""
            self._hello()
        elif error.code == "invalid_backend" and len(self._backends) > 1:
            del self._backends[0]
            self._hello()
        elif error.code == "too_many_requests":
            self._refuse(
                HpbThrottledError(
                    "The HPB has blocked this address after too many failed sign-ins; "
                    "correct LT_INTERNAL_SECRET and LT_BACKEND_URL, then wait."
                )
            )
        elif error.code in FINAL_REFUSALS:
            self._refuse(HpbRefusedError(FINAL_REFUSALS[error.code]))
        else:
            self._events.append(ReconnectNeeded(f"hello failed: {error.code[:40]}"))

    def _on_bye(self, reason: str) -> None:
        if reason != "session_resumed":
            self._resume_id = ""
        self._events.append(ReconnectNeeded(f"the HPB said bye: {reason[:40]}"))

    def _refuse(self, error: HpbError) -> None:
        if self.state is not State.CLOSED:
            self._enter(State.CLOSED)
            self._events.append(Refused(error))

    # --- Writing ------------------------------------------------------------------

    def _hello(self) -> None:
        # Never the same text twice, also for a second hello on one socket.
        self._hellos += 1
        random = f"{self._nonce}{self._hellos}"
        self._write(hello_parameters(self._secret, random, self.backend))

    def _write(self, message: OutgoingMessage) -> None:
        self._last_id += 1
        request_id = str(self._last_id)
        self._texts.append(serialise(message, request_id))
        logger.debug("> %s", type(message).__name__)
        if not isinstance(message, (Hello, Resume, Transcript)):
            self._pending[request_id] = message
            if len(self._pending) > MAX_PENDING:
                self._pending.popitem(last=False)

    def _enter(self, state: State) -> None:
        if state not in TRANSITIONS[self.state]:
            raise AssertionError(f"{self.state} cannot become {state}")
        logger.debug("%s -> %s", self.state.value, state.value)
        self.state = state
