"""Who is in the room and in the call, under both kinds of session id. Pure.

Sources: HPB `docs/standalone-signaling-api-v1.md`, "Room events" and "Participants
list events". `users` of an update is an upsert: absence means nothing.
"""

from dataclasses import dataclass

from signaling.hpb.incoming import (
    Participant,
    ParticipantsUpdate,
    RoomSession,
    SessionsJoined,
    SessionsLeft,
)

IN_CALL = 1
WITH_AUDIO = 2
MAX_SESSIONS = 20_000
"Beyond this a list is hostile or broken; further sessions are not taken in."


@dataclass(slots=True)
class _Session:
    present: bool = False
    "Seen in a join event, and in no leave event since."
    in_call: int | None = None
    nextcloud_session_id: str = ""
    display_name: str = ""
    helper: bool = False
    "Internal or virtual: bots, the recorder, phone users."


class Roster:
    """The sessions of one room as far as the HPB has told us."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}
        self._by_nextcloud: dict[str, str] = {}
        self._own_session_id = ""
        self._flags_known = False

    def reset(self) -> None:
        """Forget everything: we joined anew."""
        self._sessions.clear()
        self._by_nextcloud.clear()
        self._flags_known = False

    def set_own_session(self, session_id: str) -> None:
        """Our own session, which is neither a publisher nor a person."""
        self._own_session_id = session_id

    def apply(self, event: SessionsJoined | SessionsLeft | ParticipantsUpdate) -> None:
        """Take in what the HPB says."""
        match event:
            case SessionsJoined(sessions):
                for session in sessions:
                    self._join(session)
            case SessionsLeft(session_ids):
                for session_id in session_ids:
                    self._leave(session_id)
            case ParticipantsUpdate(participants):
                self._flags_known = True
                for participant in participants:
                    self._update(participant)

    def publishers(self) -> frozenset[str]:
        """Sessions that send audio into the call."""
        both = IN_CALL | WITH_AUDIO
        return frozenset(
            session_id
            for session_id, session in self._sessions.items()
            if (session.in_call or 0) & both == both
            and not session.helper
            and session_id != self._own_session_id
        )

    def session_of(self, nextcloud_session_id: str) -> str | None:
        """HPB session of a Nextcloud session, None if it is not there."""
        session_id = self._by_nextcloud.get(nextcloud_session_id)
        session = self._sessions.get(session_id or "")
        # Known by a participants update alone: there, unless it was seen leaving.
        return session_id if session is not None else None

    def nextcloud_session_of(self, session_id: str) -> str:
        """Nextcloud session of an HPB session, empty if it has none."""
        session = self._sessions.get(session_id)
        return session.nextcloud_session_id if session is not None else ""

    def display_name(self, session_id: str) -> str:
        """Name as Talk shows it, empty if unknown."""
        session = self._sessions.get(session_id)
        return session.display_name if session is not None else ""

    def in_call(self, session_id: str) -> bool | None:
        """Whether a session is in the call, None if nothing was said about it."""
        session = self._sessions.get(session_id)
        if session is None or session.in_call is None:
            return None
        return bool(session.in_call & IN_CALL)

    def is_present(self, session_id: str) -> bool:
        """Whether a session joined the room and has not left it."""
        session = self._sessions.get(session_id)
        return session is not None and session.present

    def has_people_in_call(self) -> bool | None:
        """Whether a person is in the call; None before the first flags.

        Ghosts do not count: in call by the list, but never seen joining.
        """
        if not self._flags_known:
            return None
        return any(
            session.present and (session.in_call or 0) & IN_CALL and not session.helper
            for session_id, session in self._sessions.items()
            if session_id != self._own_session_id
        )

    def _join(self, joined: RoomSession) -> None:
        session = self._take_in(joined.session_id, joined.nextcloud_session_id)
        if session is None:
            return
        session.present = True
        session.helper = session.helper or joined.internal
        session.display_name = joined.display_name or session.display_name

    def _leave(self, session_id: str) -> None:
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        if self._by_nextcloud.get(session.nextcloud_session_id) == session_id:
            del self._by_nextcloud[session.nextcloud_session_id]

    def _update(self, participant: Participant) -> None:
        session = self._take_in(
            participant.session_id, participant.nextcloud_session_id
        )
        if session is None:
            return
        if participant.in_call is not None:
            session.in_call = participant.in_call
        session.helper = session.helper or participant.internal or participant.virtual

    def _take_in(self, session_id: str, nextcloud_session_id: str) -> _Session | None:
        """The entry of a session, made if there is room for it."""
        session = self._sessions.get(session_id)
        if session is None:
            if len(self._sessions) >= MAX_SESSIONS:
                return None
            session = self._sessions[session_id] = _Session()
        if nextcloud_session_id:
            session.nextcloud_session_id = nextcloud_session_id
            self._by_nextcloud[nextcloud_session_id] = session_id
        return session
