# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What pages call the states of calls, readers and speakers."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from calls.states import CallState, RecipientState, SpeakerState

LABELS = {
    CallState: {
        CallState.WAITING: _("waits for a worker"),
        CallState.JOINING: _("joining"),
        CallState.JOINED: _("captioned"),
        CallState.RECONNECTING: _("reconnecting to the High-Performance Backend"),
        CallState.ENDED: _("ended"),
        CallState.FAILED: _("failed"),
    },
    RecipientState: {
        RecipientState.PENDING: _("not seen yet"),
        RecipientState.BOUND: _("gets captions"),
        RecipientState.AWAY: _("away"),
        RecipientState.GONE: _("gone"),
    },
    SpeakerState: {
        SpeakerState.NEGOTIATING: _("no audio"),
        SpeakerState.SILENT: _("no stream needed"),
        SpeakerState.CONNECTING: _("connecting"),
        SpeakerState.LISTENING: _("listening"),
        SpeakerState.WAITING: _("waits for a stream"),
        SpeakerState.RECONNECTING: _("reconnecting"),
        SpeakerState.FAILED: _("refused"),
        SpeakerState.ENDED: _("gone"),
    },
}


def choices(states: type[StrEnum]) -> list[tuple[str, str]]:
    """Each state with its label, in the order of the states."""
    return [(state.value, LABELS[states][state]) for state in states]  # type: ignore[index]
