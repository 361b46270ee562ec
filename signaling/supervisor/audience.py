# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who wants captions in one call, and under which HPB session to reach them.

A wish names a Nextcloud session; captions go to HPB sessions. A wish may arrive
before its participant is seen on the HPB, and Talk never takes a wish back when
somebody leaves: presence on the HPB does that here. Pure: times come in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

PENDING_S = 60.0
"Seconds a wish may wait for its participant to appear on the HPB."
AWAY_S = 60.0
"Seconds a recipient who vanished from the HPB may take to come back."


class Place(Enum):
    """Where a recipient stands."""

    PENDING = "pending"
    BOUND = "bound"
    AWAY = "away"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Change:
    """A recipient moved; the rows should say so."""

    nextcloud_session_id: str
    place: Place
    session_id: str = ""


class Presence(Protocol):
    """What the audience asks the roster."""

    def session_of(self, nextcloud_session_id: str) -> str | None:
        """HPB session of a Nextcloud session, None if it is not there."""

    def in_call(self, session_id: str) -> bool | None:
        """Whether a session is in the call, None if nothing is known."""


@dataclass(slots=True)
class _Recipient:
    place: Place
    since_s: float
    session_id: str = ""
    was_in_call: bool = False


class Audience:
    """The recipients of one call."""

    def __init__(self) -> None:
        self._recipients: dict[str, _Recipient] = {}
        self._targets: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """HPB sessions that get captions now."""
        return self._targets

    def keeps_call(self, now_s: float) -> bool:
        """Whether anybody reads captions, or may be about to appear."""
        return any(
            recipient.place is Place.BOUND
            or (
                recipient.place is Place.PENDING
                and now_s - recipient.since_s < PENDING_S
            )
            for recipient in self._recipients.values()
        )

    def wish(self, wanted: Iterable[str], now_s: float) -> None:
        """Take over the wishes as they are now: Nextcloud session ids."""
        wanted = tuple(wanted)
        for nextcloud_session_id in wanted:
            if nextcloud_session_id not in self._recipients:
                self._recipients[nextcloud_session_id] = _Recipient(
                    Place.PENDING, now_s
                )
        for nextcloud_session_id in self._recipients.keys() - set(wanted):
            del self._recipients[nextcloud_session_id]
        self._count_targets()

    def unbind(self, now_s: float) -> None:
        """Forget all HPB sessions: we joined anew and ids may have changed."""
        for recipient in self._recipients.values():
            recipient.place = Place.PENDING
            recipient.since_s = now_s
            recipient.session_id = ""
            recipient.was_in_call = False
        self._count_targets()

    def follow(self, presence: Presence, now_s: float) -> list[Change]:
        """Bind, rebind and let go by what the HPB shows; returns what changed."""
        changes = []
        for nextcloud_session_id, recipient in list(self._recipients.items()):
            before = (recipient.place, recipient.session_id)
            self._move(recipient, nextcloud_session_id, presence, now_s)
            if (recipient.place, recipient.session_id) != before:
                changes.append(
                    Change(nextcloud_session_id, recipient.place, recipient.session_id)
                )
            if recipient.place is Place.GONE:
                del self._recipients[nextcloud_session_id]
        self._count_targets()
        return changes

    def give_up(self) -> list[Change]:
        """Let everybody go who is not to be seen; the call is about to end."""
        missing = [
            nextcloud_session_id
            for nextcloud_session_id, recipient in self._recipients.items()
            if recipient.place in (Place.AWAY, Place.PENDING)
        ]
        for nextcloud_session_id in missing:
            del self._recipients[nextcloud_session_id]
        return [Change(session, Place.GONE) for session in missing]

    def _move(
        self,
        recipient: _Recipient,
        nextcloud_session_id: str,
        presence: Presence,
        now_s: float,
    ) -> None:
        session_id = presence.session_of(nextcloud_session_id)
        if session_id is None:
            self._miss(recipient, now_s)
            return
        in_call = presence.in_call(session_id)
        if in_call is not False:
            recipient.place = Place.BOUND
            recipient.session_id = session_id
            recipient.was_in_call = recipient.was_in_call or in_call is True
        elif recipient.was_in_call:
            # Left the call but not the room: Talk does not switch CC off then.
            recipient.place = Place.GONE
        elif recipient.place is Place.BOUND:
            # Bound while nothing was known of the flags; now they say "not yet".
            recipient.place = Place.PENDING
            recipient.since_s = now_s
        else:
            self._miss(recipient, now_s)

    @staticmethod
    def _miss(recipient: _Recipient, now_s: float) -> None:
        """The participant is not to be seen: wait, for a while."""
        if recipient.place is Place.BOUND:
            recipient.place = Place.AWAY
            recipient.since_s = now_s
        limit_s = AWAY_S if recipient.place is Place.AWAY else PENDING_S
        if now_s - recipient.since_s >= limit_s:
            recipient.place = Place.GONE

    def _count_targets(self) -> None:
        self._targets = tuple(
            recipient.session_id
            for recipient in self._recipients.values()
            if recipient.place is Place.BOUND
        )
