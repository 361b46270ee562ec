# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Counters of a call and its speakers on their way to the rows."""

from calls import services
from signaling.hpb.client import HpbClient
from signaling.hpb.roster import Roster
from signaling.supervisor import metering
from signaling.supervisor.journal import CallJournal
from signaling.supervisor.sender import CaptionSender
from signaling.supervisor.speaker import SpeakerPipeline


class CallReports:
    """Reads the counters of one call's parts and hands them to its journal."""

    def __init__(
        self,
        journal: CallJournal,
        sender: CaptionSender,
        client: HpbClient,
        roster: Roster,
    ) -> None:
        self._journal = journal
        self._sender = sender
        self._client = client
        self._roster = roster
        self._joins = self._resumes = 0
        "New and resumed sessions that the metrics have."

    @property
    def call(self) -> services.CallReport:
        """What became of the captions so far."""
        sender, client = self._sender, self._client
        return services.CallReport(
            captions=sender.captions,
            words_read=sender.words_read,
            words_unread=sender.words_unread,
            words_dropped=client.outbox.dropped_words,
            reconnects=client.reconnects + client.resumes,
        )

    def report_call(self) -> None:
        """Have the call's counters written."""
        self._journal.call(self.call)
        client = self._client
        metering.count_reconnects("hpb", "rejoined", client.reconnects - self._joins)
        metering.count_reconnects("hpb", "resumed", client.resumes - self._resumes)
        self._joins, self._resumes = client.reconnects, client.resumes

    def report_speaker(self, pipeline: SpeakerPipeline, state: str) -> None:
        """Have a speaker's state written, and what has come to the counters."""
        session_id, counters = pipeline.session_id, pipeline.counters
        new, pipeline.told = counters.since(pipeline.told), counters
        self._count(pipeline, new)
        self._journal.speaker(
            services.SpeakerReport(
                session_id=session_id,
                nextcloud_session_id=self._roster.nextcloud_session_of(session_id),
                display_name=self._roster.display_name(session_id),
                state=state,
                new=new,
            )
        )

    def _count(self, pipeline: SpeakerPipeline, new: services.SpeakerCounters) -> None:
        """Have the metrics count what is new, with the reasons."""
        reasons = pipeline.reasons
        why, pipeline.told_reasons = reasons.since(pipeline.told_reasons), reasons
        metering.count_speaker(new, why)
        audio = pipeline.audio_reconnects - pipeline.told_audio_reconnects
        pipeline.told_audio_reconnects = pipeline.audio_reconnects
        metering.count_reconnects("audio", "renegotiated", audio)
        metering.count_reconnects("stt", "reopened", new.reconnects - audio)
