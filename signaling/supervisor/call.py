# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One call: the bot in its room, from joining to `bye`."""

import asyncio
import logging
import time

from channels.db import database_sync_to_async
from django.db import DatabaseError

from calls import services
from signaling.captions.caption import Caption
from signaling.hpb.client import HpbClient
from signaling.hpb.messages import (
    Answer,
    CallEnded,
    Candidate,
    Offer,
    ParticipantsUpdate,
    RequestOffer,
    SessionsJoined,
    SessionsLeft,
)
from signaling.hpb.protocol import Disconnected, Event, Joined, RequestFailed
from signaling.hpb.roster import Roster
from signaling.supervisor.audience import Audience
from signaling.supervisor.environment import CallEnvironment
from signaling.supervisor.ice import IceSettings
from signaling.supervisor.journal import CallJournal
from signaling.supervisor.reports import CallReports
from signaling.supervisor.sender import CaptionSender
from signaling.supervisor.speaker import NEGOTIATING, SpeakerPipeline, SpeakerPorts
from signaling.supervisor.speakers import Speakers
from signaling.supervisor.subscription import Failed
from signaling.supervisor.suspects import Suspects
from signaling.supervisor.vitals import CallParts

logger = logging.getLogger(__name__)

BEAT_S = 1.0
"How often time-outs are looked at, and wishes read even if nobody asked for it."
REPORT_BEATS = 5
"Counters of speakers are written every so many beats."
DRAIN_S = 0.5
"Longest wait for the database when a call ends."


class CallSupervisor:
    """Task group over HPB client, speakers and caption sender of one call."""

    def __init__(
        self,
        call: services.ClaimedCall,
        environment: CallEnvironment,
        client: HpbClient,
    ) -> None:
        self._call = call
        self._environment = environment
        self._client = client
        self._language = call.language
        self._roster = Roster()
        self._audience = Audience()
        self._journal = CallJournal(call)
        self._sender = CaptionSender(client.send, lambda: self._audience.targets)
        self._reports = CallReports(self._journal, self._sender, client, self._roster)
        self._speakers = Speakers(
            self._new_pipeline,
            self._journal.speaker_crashed,
            self._on_speaker_end,
            environment.seats,
            self._on_speaker_refused,
        )
        self._suspects = Suspects()
        self._ice = IceSettings()
        self._over = asyncio.Event()
        self._wishes_known = False
        self._ended_for_all = False
        self._lonely_since_s: float | None = None

    @property
    def speakers(self) -> int:
        """Publishers captioned now."""
        return len(self._speakers)

    @property
    def parts(self) -> CallParts:
        """What dashboards are shown of this call."""
        return CallParts(
            self._call,
            self._language,
            len(self._audience.targets),
            self._reports.call,
            self._journal,
            self._speakers,
            self._roster,
            self._sender.recent,
        )

    def preview(self, *, is_on: bool) -> None:
        """Let dashboards show the last words, for a while; or end that."""
        self._sender.recent.show(is_on, time.monotonic())

    def reconnect(self, session_id: str) -> None:
        """Begin with a speaker anew."""
        self._speakers.restart(session_id)

    def wake(self) -> None:
        """Look at the wishes again."""
        self._journal.read_wishes(self._on_wishes)

    def stop(self) -> None:
        """End soon and cleanly; the row stays open."""
        self._over.set()

    async def run(self) -> None:
        """Caption the call until it ends, nobody reads any more, or `stop`.

        Raises, within an exception group, the HPB's final refusals.
        """
        async with asyncio.TaskGroup() as tasks:
            journal = tasks.create_task(self._journal.run())
            try:
                await self._hold_call()
            finally:
                await self._journal.drain(DRAIN_S)
                journal.cancel()

    async def _hold_call(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            connection = tasks.create_task(self._client.run())
            helpers = [
                tasks.create_task(self._sender.run()),
                tasks.create_task(self._follow_hpb()),
                tasks.create_task(self._ice.keep()),
                tasks.create_task(self._beat()),
                tasks.create_task(self._environment.prewarmer.warm()),
            ]
            speakers = tasks.create_task(self._speakers.run())
            self.wake()
            await self._over.wait()
            self._speakers.close()
            await speakers
            self._sender.flush()
            await self._client.leave()
            await connection
            self._reports.report_call()
            if self._sender.recent.hide():
                self._journal.preview_ended("the captions ended")
            for helper in helpers:
                helper.cancel()

    # --- What the HPB says --------------------------------------------------------

    async def _follow_hpb(self) -> None:
        while True:
            self._on_event(await self._client.events.get())

    def _on_event(self, event: Event) -> None:
        match event:
            case Joined(session_id, resumed):
                self._on_joined(session_id, resumed)
            case Disconnected(reason):
                self._journal.disconnected(reason)
            case SessionsJoined() | SessionsLeft() | ParticipantsUpdate():
                self._roster.apply(event)
                self._follow_roster()
            case Offer() | Candidate():
                self._speakers.put(event.session_id, event)
            case RequestFailed(RequestOffer() | Answer() as request, code, _):
                offer_sid = getattr(request, "offer_sid", "")
                self._speakers.put(request.session_id, Failed(code, offer_sid))
            case CallEnded(reason):
                logger.info("The call is over: %s", reason)
                self._ended_for_all = True
            case _:
                logger.debug("No reaction to %s", type(event).__name__)

    def _on_joined(self, session_id: str, resumed: bool) -> None:
        """In the room; after a full hello all we knew of sessions is void."""
        self._journal.joined(session_id, resumed)
        if resumed:
            return
        self._roster.reset()
        self._roster.set_own_session(session_id)
        self._audience.unbind(time.monotonic())
        self._ice.renew()
        self._speakers.renew()

    def _follow_roster(self) -> None:
        for change in self._audience.follow(self._roster, time.monotonic()):
            self._journal.recipient(change)
        # Until the HPB has said who is in the call, nobody is known to have left.
        if self._roster.has_people_in_call() is not None:
            self._speakers.follow(self._roster.publishers() | self._overlooked())

    def _overlooked(self) -> frozenset[str]:
        """Who may speak although the list of the call does not say so."""
        now_s = time.monotonic()
        self._suspects.follow(self._roster.unlisted(), now_s)
        return self._suspects.to_ask(now_s, self._is_heard)

    def _is_heard(self, session_id: str) -> bool:
        heard = self._speakers.get(session_id)
        return heard is not None and heard.state != NEGOTIATING

    # --- Who reads ----------------------------------------------------------------

    def _on_wishes(self, wishes: services.Wishes) -> None:
        if wishes.suspended or wishes.stopped:
            why = "the app is disabled" if wishes.suspended else "an operator ended it"
            logger.info("Leaving the call: %s", why)
            self._over.set()
            return
        self._wishes_known = True
        self._language = wishes.language
        self._audience.wish(wishes.recipients, time.monotonic())
        self._follow_roster()

    async def _beat(self) -> None:
        """Time-outs, and the safety net below lost wake messages."""
        beats = 0
        while not await self._ended():
            await asyncio.sleep(BEAT_S)
            beats += 1
            if self._sender.recent.expire(time.monotonic()):
                self._journal.preview_ended("it was on for long enough")
            self.wake()
            if beats % REPORT_BEATS == 0:
                self._reports.report_call()
                for pipeline in self._speakers:
                    self._report(pipeline)
        self._over.set()

    async def _ended(self) -> bool:
        """End the row if the call is over or was without readers for long enough."""
        if self._ended_for_all:
            return await self._end_row("ended for everyone", unless_wanted=False)
        now_s = time.monotonic()
        if not self._wishes_known or self._audience.keeps_call(now_s):
            self._lonely_since_s = None
            return False
        if self._lonely_since_s is None:
            self._lonely_since_s = now_s
        if now_s - self._lonely_since_s < self._environment.call.leave_s:
            return False
        for change in self._audience.give_up():
            self._journal.recipient(change)
        await self._journal.drain(DRAIN_S)
        return await self._end_row("nobody reads", unless_wanted=True)

    async def _end_row(self, reason: str, *, unless_wanted: bool) -> bool:
        call = self._call
        try:
            return bool(
                await database_sync_to_async(services.end_call)(
                    call.call_id, call.fence, reason, unless_wanted=unless_wanted
                )
            )
        except DatabaseError as error:
            logger.warning("The call cannot end while the database is away: %s", error)
            return False

    # --- Who speaks ---------------------------------------------------------------

    def _new_pipeline(self, session_id: str) -> SpeakerPipeline:
        environment = self._environment
        ports = SpeakerPorts(
            self._client.send, self._ice.servers, self._on_text, self._on_speaker_state
        )
        return SpeakerPipeline(
            session_id, environment.audio_path, environment.slots, ports
        )

    def _on_text(self, session_id: str, text: str, started_s: float) -> None:
        self._sender.push(Caption(text, self._language, session_id, started_s))

    def _on_speaker_state(self, session_id: str, state: str, why: str) -> None:
        self._journal.speaker_state(session_id, state, why)
        pipeline = self._speakers.get(session_id)
        if pipeline is not None:
            self._report(pipeline)

    def _on_speaker_end(self, pipeline: SpeakerPipeline) -> None:
        self._report(pipeline)
        self._sender.recent.forget(pipeline.session_id)
        if not pipeline.is_replaced and pipeline.session_id not in self._suspects:
            self._journal.speaker_left(pipeline.session_id)

    def _on_speaker_refused(self, session_id: str) -> None:
        self._journal.speaker_refused(session_id, self._environment.seats.limit)

    def _report(self, pipeline: SpeakerPipeline) -> None:
        session_id = pipeline.session_id
        if session_id in self._suspects and not self._is_heard(session_id):
            return  # most likely no speaker at all
        # Who came back while the last words were on their way has another pipeline.
        current = self._speakers.get(session_id) or pipeline
        self._reports.report_speaker(pipeline, current.state)
