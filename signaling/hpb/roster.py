# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

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
from signaling.hpb.parsing import plain_session_id

IN_CALL = 1
WITH_AUDIO = 2
MAX_SESSIONS = 20_000
"Beyond this a list is hostile or broken; further sessions are not taken in."
MAX_LEFT = 1000
"Sessions remembered as having left; the oldest of them are forgotten."


@dataclass(slots=True)
class _Session:
    present: bool = False
    "Seen in a join event, and in no leave event since."
    left: bool = False
    "Seen leaving; old lists may go on naming it."
    in_call: int | None = None
    "Flags; None: nothing was said."
    nextcloud_session_id: str = ""
    display_name: str = ""
    helper: bool = False
    "Internal or virtual: bots, the recorder, phone users."

    def has(self, flags: int) -> bool:
        """Whether it has all of these flags in the call, and was not seen leaving."""
        return not self.left and (self.in_call or 0) & flags == flags


class Roster:
    """The sessions of one room as far as the HPB has told us."""

    def __init__(self) -> None:
        self._own_session_id = ""
        self.reset()

    def reset(self) -> None:
        """Forget everything but who we are: we joined anew."""
        self._sessions: dict[str, _Session] = {}
        self._by_nextcloud: dict[str, str] = {}
        "Nextcloud session -> HPB session; at most one entry for each session."
        self._left: dict[str, None] = {}
        "Sessions that left, oldest first."
        self._flags_known = False

    def set_own_session(self, session_id: str) -> None:
        """Our own session, which is neither a publisher nor a person."""
        self._own_session_id = session_id

    def apply(self, event: SessionsJoined | SessionsLeft | ParticipantsUpdate) -> None:
        """Take in what the HPB says."""
        if isinstance(event, SessionsJoined):
            for session in event.sessions:
                self._join(session)
        elif isinstance(event, SessionsLeft):
            for session_id in event.session_ids:
                self._leave(session_id)
        else:
            for participant in event.participants:
                self._update(participant)
            # An update of permissions or names alone says nothing about the call.
            said = any(entry.in_call is not None for entry in event.participants)
            self._flags_known = self._flags_known or said or not event.participants

    def publishers(self) -> frozenset[str]:
        """Sessions that send audio into the call."""
        return frozenset(
            session_id
            for session_id, session in self._sessions.items()
            if session.has(IN_CALL | WITH_AUDIO)
            and not session.helper
            and session_id != self._own_session_id
        )

    def unlisted(self) -> frozenset[str]:
        """Sessions in the room of which no list of the call has said anything."""
        if not self._flags_known:
            return frozenset()
        return frozenset(
            session_id
            for session_id, session in self._sessions.items()
            if session.present
            and session.in_call is None
            and not session.helper
            and session_id != self._own_session_id
        )

    def session_of(self, nextcloud_session_id: str) -> str | None:
        """HPB session of a Nextcloud session, None if it is not there."""
        session_id = self._by_nextcloud.get(plain_session_id(nextcloud_session_id))
        if session_id is None or self._sessions[session_id].left:
            return None
        return session_id

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
        return session.has(IN_CALL)

    def is_present(self, session_id: str) -> bool:
        """Whether a session joined the room and has not left it."""
        session = self._sessions.get(session_id)
        return session is not None and session.present

    def has_people_in_call(self) -> bool | None:
        """Whether a person is in the call; None before the first flags.

        Ghosts do not count: in call by the list, but never seen joining, or gone.
        """
        if not self._flags_known:
            return None
        return any(
            session.present and session.has(IN_CALL) and not session.helper
            for session_id, session in self._sessions.items()
            if session_id != self._own_session_id
        )

    # --- Taking in ----------------------------------------------------------------

    def _join(self, joined: RoomSession) -> None:
        session = self._take_in(joined.session_id)
        if session is None:
            return
        self._left.pop(joined.session_id, None)
        session.left = False
        session.present = True
        session.helper = session.helper or joined.internal
        session.display_name = joined.display_name or session.display_name
        if joined.nextcloud_session_id:
            self._bind(joined.session_id, joined.nextcloud_session_id)

    def _leave(self, session_id: str) -> None:
        """Keep the name for the last words' sake; the flags are void."""
        session = self._take_in(session_id)
        if session is None:
            return
        session.present = False
        session.left = True
        session.in_call = None
        self._left[session_id] = None
        if len(self._left) > MAX_LEFT:
            self._forget(next(iter(self._left)))

    def _update(self, participant: Participant) -> None:
        session = self._take_in(participant.session_id)
        if session is None:
            return
        if participant.in_call is not None:
            session.in_call = participant.in_call
        session.helper = session.helper or participant.internal or participant.virtual
        nextcloud_session_id = participant.nextcloud_session_id
        if nextcloud_session_id and not session.nextcloud_session_id:
            # A join event is believed before a list, which may be out of date.
            holder = self._by_nextcloud.get(nextcloud_session_id)
            if holder is None or not self._sessions[holder].present:
                self._bind(participant.session_id, nextcloud_session_id)

    def _take_in(self, session_id: str) -> _Session | None:
        """The entry of a session, made if there is room for it."""
        session = self._sessions.get(session_id)
        if session is None and len(self._sessions) < MAX_SESSIONS:
            session = self._sessions[session_id] = _Session()
        return session

    def _bind(self, session_id: str, nextcloud_session_id: str) -> None:
        self._unbind(session_id)
        self._sessions[session_id].nextcloud_session_id = nextcloud_session_id
        self._by_nextcloud[nextcloud_session_id] = session_id

    def _unbind(self, session_id: str) -> None:
        bound = self._sessions[session_id].nextcloud_session_id
        if self._by_nextcloud.get(bound) == session_id:
            del self._by_nextcloud[bound]

    def _forget(self, session_id: str) -> None:
        self._unbind(session_id)
        del self._left[session_id]
        del self._sessions[session_id]
