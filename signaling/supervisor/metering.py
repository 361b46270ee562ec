# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Moves what calls and speakers have counted to the metrics of the process."""

from calls import services
from livetranscription import metrics
from signaling.audio.packet import FRAME_S
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.totals import Reasons


def count_call(new: services.CallReport) -> None:
    """What has come to a call's captions."""
    metrics.captions.inc(new.captions)
    metrics.words.labels("read").inc(new.words_read)
    metrics.words.labels("unread").inc(new.words_unread)
    metrics.words.labels("dropped").inc(new.words_dropped)


def count_speaker(new: services.SpeakerCounters, why: Reasons) -> None:
    """What has come to a speaker's audio and words, and why things went wrong."""
    metrics.audio_seconds.inc(new.audio_s)
    metrics.speech_seconds.inc(new.speech_s)
    metrics.stt_seconds.inc(new.stt_s)
    metrics.stt_streams.inc(new.streams)
    metrics.recognised_words.inc(new.words)
    # Late packets are taken back from the lost ones.
    metrics.lost_packets.inc(max(0, new.lost_packets))
    for reason, frames in why.drops.items():
        metrics.dropped_seconds.labels(reason).inc(frames * FRAME_S)
    for reason, times in why.failures.items():
        metrics.stt_failures.labels(reason).inc(times)
    for reason, times in why.renewals.items():
        metrics.stt_renewals.labels(reason).inc(times)


def count_reconnects(peer: str, reason: str, times: int) -> None:
    """Connections to the HPB, for a speaker's audio, or to speech-to-text."""
    if times > 0:
        metrics.reconnects.labels(peer, reason).inc(times)


def count_event(code: str, level: str) -> None:
    """One line of a timeline."""
    metrics.events.labels(code, level).inc()


def show_slots(slots: StreamSlots) -> None:
    """Streams of this process."""
    metrics.slots.labels("used").set(slots.used)
    metrics.slots.labels("waiting").set(slots.waiting)
    metrics.slots.labels("limit").set(slots.limit)
