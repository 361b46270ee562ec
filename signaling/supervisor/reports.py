# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Counters of a call and its speakers on their way to the rows."""

from calls import services
from signaling.hpb.client import HpbClient
from signaling.hpb.roster import Roster
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

    def report_speaker(self, pipeline: SpeakerPipeline, state: str) -> None:
        """Have a speaker's state written, and what has come to the counters."""
        session_id, counters = pipeline.session_id, pipeline.counters
        new, pipeline.told = counters.since(pipeline.told), counters
        self._journal.speaker(
            services.SpeakerReport(
                session_id=session_id,
                nextcloud_session_id=self._roster.nextcloud_session_of(session_id),
                display_name=self._roster.display_name(session_id),
                state=state,
                new=new,
            )
        )
