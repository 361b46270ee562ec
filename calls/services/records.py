# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Facts a worker records about its calls. Never a spoken word."""

from dataclasses import asdict, dataclass

from django.db.models import F, QuerySet
from django.utils import timezone

from calls.models import Call, Recipient, Speaker
from calls.states import CallState, RecipientState, sources


@dataclass(frozen=True, slots=True)
class SpeakerCounters:
    """What happened to a speaker's audio and words; counters only grow."""

    audio_s: float = 0.0
    "Audio that came."
    speech_s: float = 0.0
    "Speech in it."
    stt_s: float = 0.0
    "Seconds that speech-to-text streams were open."
    words: int = 0
    lost_packets: int = 0
    reconnects: int = 0
    "Of audio and of speech-to-text."
    dropped_frames: int = 0
    "80 ms frames of speech that never reached speech-to-text."
    streams: int = 0
    renewals: int = 0
    "Speech-to-text connections that were replaced while they stood."
    failures: int = 0
    "Speech-to-text connections and attempts that failed."

    def since(self, earlier: "SpeakerCounters") -> "SpeakerCounters":
        """What has come to it."""
        before = asdict(earlier)
        return SpeakerCounters(**{k: n - before[k] for k, n in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class SpeakerReport:
    """A speaker's state at one moment, and what has come to the counters."""

    session_id: str
    nextcloud_session_id: str
    display_name: str
    state: str
    new: SpeakerCounters


@dataclass(frozen=True, slots=True)
class CallReport:
    """What became of a call's captions so far; counters only grow."""

    captions: int = 0
    words_read: int = 0
    words_unread: int = 0
    words_dropped: int = 0
    reconnects: int = 0

    def since(self, earlier: "CallReport") -> "CallReport":
        """What has come to it."""
        before = asdict(earlier)
        return CallReport(**{k: n - before[k] for k, n in asdict(self).items()})


def record_call(call_id: int, fence: int, new: CallReport) -> bool:
    """Count on: a call may have had other workers before."""
    return bool(
        Call.objects.filter(pk=call_id, fence=fence).update(
            **{name: F(name) + number for name, number in asdict(new).items()}
        )
    )


def call_joined(call_id: int, fence: int, hpb_session_id: str) -> bool:
    """The bot is in the room, or back in it."""
    held = Call.objects.filter(
        pk=call_id, fence=fence, state__in=sources(CallState.JOINED)
    )
    first = held.filter(joined_at=None).update(joined_at=timezone.now())
    changed = held.update(state=CallState.JOINED, hpb_session_id=hpb_session_id)
    return bool(first or changed)


def call_state(call_id: int, fence: int, state: str) -> bool:
    """The call has moved; moves the table of states does not know are refused."""
    target = CallState(state)
    held = Call.objects.filter(pk=call_id, fence=fence, state__in=sources(target))
    return bool(held.update(state=target))


def recipient_bound(call_id: int, nextcloud_session_id: str, session_id: str) -> bool:
    """A recipient was seen on the HPB."""
    return bool(
        _recipient(call_id, nextcloud_session_id).update(
            state=RecipientState.BOUND, session_id=session_id
        )
    )


def recipient_away(call_id: int, nextcloud_session_id: str) -> bool:
    """A recipient has vanished, for a while or for good."""
    return bool(
        _recipient(call_id, nextcloud_session_id).update(state=RecipientState.AWAY)
    )


def recipient_gone(call_id: int, nextcloud_session_id: str) -> bool:
    """A recipient has left the call or never came."""
    return bool(
        _recipient(call_id, nextcloud_session_id).update(
            state=RecipientState.GONE, until=timezone.now()
        )
    )


def record_speaker(call_id: int, report: SpeakerReport) -> None:
    """Write a speaker's state; count on, as a speaker may come and go."""
    speaker, _ = Speaker.objects.get_or_create(
        call_id=call_id, session_id=report.session_id
    )
    Speaker.objects.filter(pk=speaker.pk).update(
        nextcloud_session_id=report.nextcloud_session_id,
        display_name=report.display_name[:255],
        state=report.state,
        updated_at=timezone.now(),
        **{name: F(name) + number for name, number in asdict(report.new).items()},
    )


def _recipient(call_id: int, nextcloud_session_id: str) -> QuerySet[Recipient]:
    return Recipient.objects.filter(
        call_id=call_id, nextcloud_session_id=nextcloud_session_id, until=None
    )
