# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What one call tells the database; every line here is one fact."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from calls import services
from calls.services import EventCode
from signaling.supervisor import metering
from signaling.supervisor.audience import Change, Place
from signaling.supervisor.records import CallRecorder

logger = logging.getLogger(__name__)

MAX_PROBLEMS = 300


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong."""

    code: str
    text: str
    at_s: float
    "Monotonic seconds."


class CallJournal:
    """Facts of one call in the terms of the supervisor, written by a recorder."""

    def __init__(self, call: services.ClaimedCall) -> None:
        self._call = call
        self._recorder = CallRecorder()
        self._reported = services.CallReport()
        self._reading = False
        self._read_again = False
        self.state = "joining"
        "Where the call stands, as its row has it."
        self.problems: dict[str, Problem] = {}
        "What went wrong last, by session id; that of the call itself under none."

    async def run(self) -> None:
        """Write until cancelled."""
        await self._recorder.run()

    async def drain(self, timeout_s: float) -> None:
        """Wait until everything is written, `timeout_s` at most."""
        await self._recorder.drain(timeout_s)

    def read_wishes(self, then: Callable[[services.Wishes], None]) -> None:
        """Read the wishes behind all facts queued so far; one read at a time."""
        if self._reading:
            self._read_again = True
            return

        def read(wishes: services.Wishes) -> None:
            self._reading = False
            then(wishes)
            if self._read_again:
                self._read_again = False
                self.read_wishes(then)

        self._reading = True
        self._recorder.put(partial(services.wishes, self._call.call_id), read)

    def joined(self, session_id: str, resumed: bool) -> None:
        """The bot is in the room."""
        call, self.state = self._call, "joined"
        self._put(services.call_joined, call.call_id, call.fence, session_id)
        code = EventCode.HPB_RESUMED if resumed else EventCode.HPB_JOINED
        self._event("info", code, "Connected to the High-Performance Backend")

    def disconnected(self, reason: str) -> None:
        """The connection to the HPB is lost."""
        call, self.state = self._call, "reconnecting"
        self._put(services.call_state, call.call_id, call.fence, "reconnecting")
        self._event("warning", EventCode.HPB_LOST, reason)

    def recipient(self, change: Change) -> None:
        """A recipient was bound to a session, vanished, or is gone for good."""
        ids = (self._call.call_id, change.nextcloud_session_id)
        match change.place:
            case Place.BOUND:
                self._put(services.recipient_bound, *ids, change.session_id)
            case Place.AWAY | Place.PENDING:
                self._put(services.recipient_away, *ids)
            case Place.GONE:
                self._put(services.recipient_gone, *ids)

    def call(self, report: services.CallReport) -> None:
        """What became of the captions so far; the rows get what is new since then."""
        new, self._reported = report.since(self._reported), report
        metering.count_call(new)
        self._put(services.record_call, self._call.call_id, self._call.fence, new)

    def speaker(self, report: services.SpeakerReport) -> None:
        """State and counters of a speaker."""
        self._put(services.record_speaker, self._call.call_id, report)

    def speaker_state(self, session_id: str, state: str, why: str) -> None:
        """A speaker has entered a state; a reason makes it a warning."""
        level = "warning" if why else "info"
        self._event(level, EventCode(f"speaker.{state}"), why, session_id)

    def speaker_crashed(self, session_id: str) -> None:
        """An error in our own code ended a speaker, who is started again."""
        self._event("error", EventCode.SPEAKER_CRASHED, "see the log", session_id)

    def speaker_refused(self, session_id: str, limit: int) -> None:
        """There is no seat for a speaker."""
        why = f"LT_MAX_SPEAKERS is {limit}: this speaker is not captioned"
        logger.warning("%s", why)
        self._event("warning", EventCode.SPEAKER_REFUSED, why, session_id)

    def speaker_left(self, session_id: str) -> None:
        """A speaker is gone, or the call ends."""
        self.problems.pop(session_id, None)
        self._event("info", EventCode.SPEAKER_LEFT, "", session_id)

    def preview_ended(self, why: str) -> None:
        """Words are not shown to operators any more."""
        self._event("info", EventCode.PREVIEW_OFF, why)

    def _event(
        self, level: str, code: EventCode, text: str, session_id: str = ""
    ) -> None:
        """A line of the timeline an operator reads."""
        metering.count_event(code.value, level)
        if level != "info":
            self._remember(code, text, session_id)
        self._put(
            services.record_event, self._call.call_id, level, code, text, session_id
        )

    def _remember(self, code: EventCode, text: str, session_id: str) -> None:
        if code is EventCode.SPEAKER_REFUSED or len(self.problems) >= MAX_PROBLEMS:
            session_id = ""  # nobody tells when that session goes
        self.problems[session_id] = Problem(code.value, text, time.monotonic())

    def _put(self, function: Callable[..., object], *args: object) -> None:
        self._recorder.put(partial(function, *args))
