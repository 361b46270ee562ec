# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The only writer of rows: wishes from the web side, leases and facts from workers."""

from calls.codes import EventCode
from calls.configuration import missing_settings, missing_stt_settings
from calls.nextcloud import NextcloudError, SignalingSettings
from calls.services.diagnosis import (
    DatabaseState,
    NextcloudStatus,
    Versions,
    clock_ahead_s,
    database_state,
    is_enabled,
    missing_migrations,
    nextcloud_status,
    versions,
)
from calls.services.leases import (
    ClaimedCall,
    claim_call,
    end_call,
    fail_call,
    register_worker,
    release_call,
    renew_leases,
    unregister_worker,
    waiting_rooms,
    worker_names,
)
from calls.services.live import (
    OpenCall,
    Today,
    WorkerLine,
    open_calls,
    today,
    worker_lines,
)
from calls.services.network import (
    backend_urls,
    signaling_settings,
    tell_nextcloud_log,
)
from calls.services.offering import (
    is_offered,
    offered_languages,
    read_offered_languages,
    save_language,
)
from calls.services.overview import (
    CallLine,
    Problem,
    SpeakerLine,
    past_calls,
    running_calls,
)
from calls.services.pruning import calls_before, prune_calls
from calls.services.records import (
    CallReport,
    SpeakerCounters,
    SpeakerReport,
    call_joined,
    call_state,
    recipient_away,
    recipient_bound,
    recipient_gone,
    record_call,
    record_speaker,
)
from calls.services.status import Status, status
from calls.services.steering import preview_call, stop_call
from calls.services.timeline import record_event
from calls.services.wishes import (
    LimitReachedError,
    Wishes,
    leave_room,
    resume_calls,
    room_language,
    set_room_language,
    suspend_calls,
    unwant_captions,
    want_captions,
    wishes,
)

__all__ = [
    "DatabaseState",
    "NextcloudStatus",
    "Versions",
    "clock_ahead_s",
    "database_state",
    "is_enabled",
    "missing_migrations",
    "nextcloud_status",
    "versions",
    "CallLine",
    "OpenCall",
    "Today",
    "WorkerLine",
    "open_calls",
    "preview_call",
    "today",
    "worker_lines",
    "Problem",
    "SpeakerLine",
    "calls_before",
    "missing_settings",
    "missing_stt_settings",
    "past_calls",
    "prune_calls",
    "running_calls",
    "ClaimedCall",
    "EventCode",
    "LimitReachedError",
    "NextcloudError",
    "SignalingSettings",
    "CallReport",
    "SpeakerCounters",
    "SpeakerReport",
    "record_call",
    "Status",
    "Wishes",
    "backend_urls",
    "call_joined",
    "call_state",
    "claim_call",
    "end_call",
    "fail_call",
    "is_offered",
    "leave_room",
    "offered_languages",
    "read_offered_languages",
    "save_language",
    "recipient_away",
    "recipient_bound",
    "recipient_gone",
    "record_event",
    "record_speaker",
    "register_worker",
    "release_call",
    "renew_leases",
    "resume_calls",
    "room_language",
    "set_room_language",
    "signaling_settings",
    "status",
    "stop_call",
    "suspend_calls",
    "tell_nextcloud_log",
    "unregister_worker",
    "unwant_captions",
    "waiting_rooms",
    "want_captions",
    "wishes",
    "worker_names",
]
