# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Calls as an operator looks at them: who reads, who speaks, what it costs, what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet, Sum

from calls.models import Call, CallEvent, Recipient, Speaker
from calls.states import SpeakerState


@dataclass(frozen=True, slots=True)
class SpeakerLine:
    """One speaker of a call."""

    name: str
    state: str
    words: int
    speech_s: float
    stt_s: float
    "Seconds that streams to speech-to-text were open."


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong last in a call."""

    at: datetime
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call."""

    room_token: str
    state: str
    language: str
    worker: str
    since: datetime
    ended_at: datetime | None
    end_reason: str
    recipients: int
    words: int
    "Words that somebody could read."
    speakers: tuple[SpeakerLine, ...]
    problem: Problem | None

    @property
    def speech_s(self) -> float:
        """Seconds of speech, of all speakers together."""
        return sum(speaker.speech_s for speaker in self.speakers)

    @property
    def stt_s(self) -> float:
        """Seconds of streams, of all speakers together."""
        return sum(speaker.stt_s for speaker in self.speakers)


@dataclass(frozen=True, slots=True)
class CallFigures:
    """What a list says of one call beside its row."""

    recipients: int = 0
    "Who reads now."
    speakers: int = 0
    "Who is there now; all there were once the call is over."
    speech_s: float = 0.0
    stt_s: float = 0.0
    problem: Problem | None = None


def call_figures(call_ids: list[int]) -> dict[int, CallFigures]:
    """Figures of some calls by their ids, in three queries however many they are."""
    there = Q(call__ended_at__isnull=False) | ~Q(state=SpeakerState.ENDED)
    sums = (
        Speaker.objects.filter(call__in=call_ids)
        .values_list("call_id")
        .annotate(
            count=Count("pk", filter=there), speech=Sum("speech_s"), stt=Sum("stt_s")
        )
    )
    reading = _reading(call_ids)
    spoken = {row[0]: row[1:] for row in sums}
    problems = _last_problems(call_ids)
    found = {}
    for call_id in call_ids:
        speakers, speech_s, stt_s = spoken.get(call_id, (0, 0.0, 0.0))
        found[call_id] = CallFigures(
            recipients=reading.get(call_id, 0),
            speakers=speakers,
            speech_s=speech_s,
            stt_s=stt_s,
            problem=problems.get(call_id),
        )
    return found


def running_calls() -> list[CallLine]:
    """Calls that are not over, the oldest first."""
    return _lines(Call.objects.filter(ended_at=None).order_by("created_at"))


def past_calls(count: int) -> list[CallLine]:
    """The calls that ended last, the latest first."""
    ended = Call.objects.exclude(ended_at=None).order_by("-ended_at")
    return _lines(ended[:count])


def _lines(calls: QuerySet[Call]) -> list[CallLine]:
    """Four queries, however many calls."""
    found = list(calls.select_related("worker"))
    ids = [call.pk for call in found]
    reading = _reading(ids)
    speakers = _by_call(Speaker.objects.filter(call__in=ids).order_by("created_at"))
    problems = _last_problems(ids)
    return [
        CallLine(
            room_token=call.room_token,
            state=call.state,
            language=call.language,
            worker=call.worker.name if call.worker is not None else "",
            since=call.created_at,
            ended_at=call.ended_at,
            end_reason=call.end_reason,
            recipients=reading.get(call.pk, 0),
            words=call.words_read,
            speakers=tuple(map(_speaker_line, speakers.get(call.pk, ()))),
            problem=problems.get(call.pk),
        )
        for call in found
    ]


def _reading(call_ids: list[int]) -> dict[int, int]:
    """How many read each call now; calls without any are left out."""
    reading = Recipient.objects.filter(call__in=call_ids, until=None)
    return dict(reading.order_by().values_list("call_id").annotate(count=Count("pk")))


def _by_call(speakers: Iterable[Speaker]) -> dict[int, list[Speaker]]:
    found: dict[int, list[Speaker]] = {}
    for speaker in speakers:
        found.setdefault(speaker.call_id, []).append(speaker)
    return found


def _speaker_line(speaker: Speaker) -> SpeakerLine:
    return SpeakerLine(
        name=str(speaker),
        state=speaker.state,
        words=speaker.words,
        speech_s=speaker.speech_s,
        stt_s=speaker.stt_s,
    )


def _last_problems(call_ids: list[int]) -> dict[int, Problem]:
    bad = CallEvent.objects.filter(call__in=call_ids).exclude(
        level=CallEvent.Level.INFO
    )
    # The newest comes last and stays.
    return {
        event.call_id: Problem(event.at, event.code, event.text)
        for event in bad.order_by("at", "id")
    }
