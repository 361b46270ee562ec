# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Stable names of what can happen to a call or a speaker. Pure.

`docs/operating.md` says of each what to do. Programs rely on them: none changes its
meaning, one that is not needed any more is not used for anything else.
"""

from enum import StrEnum


class EventCode(StrEnum):
    """What a line of the timeline is about."""

    CALL_WANTED = "call.wanted"
    CALL_CLAIMED = "call.claimed"
    CALL_ENDED = "call.ended"
    CALL_FAILED = "call.failed"
    CALL_SUSPENDED = "call.suspended"
    CALL_RESUMED = "call.resumed"
    CALL_CRASHED = "call.crashed"
    OPERATOR_STOPPED = "operator.stopped"
    OPERATOR_RECONNECTED = "operator.reconnected"
    OPERATOR_RETRIED = "operator.retried"
    PREVIEW_ON = "preview.on"
    PREVIEW_OFF = "preview.off"
    HPB_JOINED = "hpb.joined"
    HPB_RESUMED = "hpb.resumed"
    HPB_LOST = "hpb.lost"
    SPEAKER_NEGOTIATING = "speaker.negotiating"
    SPEAKER_SILENT = "speaker.silent"
    SPEAKER_CONNECTING = "speaker.connecting"
    SPEAKER_LISTENING = "speaker.listening"
    SPEAKER_WAITING = "speaker.waiting"
    SPEAKER_RECONNECTING = "speaker.reconnecting"
    SPEAKER_FAILED = "speaker.failed"
    SPEAKER_REFUSED = "speaker.refused"
    SPEAKER_CRASHED = "speaker.crashed"
    SPEAKER_LEFT = "speaker.left"
