# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What a dashboard is shown of a call and of a worker: numbers and states, no words.

Read from what is there anyway, once a second and only while somebody looks. Words are
in it only while an operator has switched the preview of that call on.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from calls import services
from signaling.captions.recent import RecentCaptions
from signaling.hpb.roster import Roster
from signaling.supervisor.journal import CallJournal
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.speaker import SpeakerPipeline

MAX_SPEAKERS = 200
"Per worker; those beyond are only counted."
MAX_NAME_CHARS = 80

Vitals = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a worker was in the last second."""

    lag_ms: float = 0.0
    "The longest that the event loop was late."
    cpu: float = 0.0
    "Share of one core, 1 is all of it."


@dataclass(frozen=True, slots=True)
class CallParts:
    """What is looked at of one call."""

    call: services.ClaimedCall
    language: str
    recipients: int
    report: services.CallReport
    journal: CallJournal
    speakers: Iterable[SpeakerPipeline]
    roster: Roster
    recent: RecentCaptions


def worker_vitals(
    name: str, calls: Iterable[CallParts], slots: StreamSlots, load: Load, now_s: float
) -> str:
    """All of a worker as JSON, made once for all who look."""
    found, count = [], 0
    for parts in calls:
        speakers = list(parts.speakers)
        room = max(0, MAX_SPEAKERS - count)
        found.append(
            {
                **_call(parts, now_s),
                "speakers": [_speaker(parts, one, now_s) for one in speakers[:room]],
                "more": max(0, len(speakers) - room),
            }
        )
        count += len(speakers)
    return json.dumps(
        {
            "name": name,
            "speakers": count,
            "lag_ms": round(load.lag_ms, 1),
            "cpu": round(load.cpu, 3),
            "slots": {"used": slots.used, "waiting": slots.waiting, "all": slots.limit},
            "calls": found,
        },
        separators=(",", ":"),
    )


def _call(parts: CallParts, now_s: float) -> Vitals:
    return {
        "id": parts.call.call_id,
        "room": parts.call.room_token,
        "state": parts.journal.state,
        "language": parts.language,
        "recipients": parts.recipients,
        "words_dropped": parts.report.words_dropped,
        "reconnects": parts.report.reconnects,
        "problem": _problem(parts.journal, "", now_s),
        "preview": _preview(parts, now_s),
    }


def _speaker(parts: CallParts, speaker: SpeakerPipeline, now_s: float) -> Vitals:
    session_id, recent = speaker.session_id, parts.recent
    counters = speaker.counters
    delay_s = recent.delay_s(session_id, now_s)
    return {
        # Tells speakers apart; the id itself is nobody's business.
        "id": f"{zlib.crc32(session_id.encode()):08x}",
        "name": _name(parts.roster, session_id),
        "level": speaker.level_dbov(now_s),
        "speaking": speaker.is_speaking(now_s),
        "state": speaker.state,
        "pace": recent.words_per_minute(session_id, now_s),
        "delay_ms": None if delay_s is None else round(delay_s * 1000),
        "lost_packets": counters.lost_packets,
        "dropped_frames": counters.dropped_frames,
        "reconnects": counters.reconnects,
        "problem": _problem(parts.journal, session_id, now_s),
    }


def _preview(parts: CallParts, now_s: float) -> Vitals | None:
    """The last words, if an operator asked for them; None otherwise."""
    recent = parts.recent
    if not recent.is_shown:
        return None
    return {
        "left_s": round(recent.left_s(now_s)),
        "captions": list(_shown(parts)),
    }


def _shown(parts: CallParts) -> Iterator[Vitals]:
    for caption in parts.recent.shown:
        yield {"name": _name(parts.roster, caption.speaker), "text": caption.text}


def _problem(journal: CallJournal, session_id: str, now_s: float) -> Vitals | None:
    problem = journal.problems.get(session_id)
    if problem is None:
        return None
    return {
        "code": problem.code,
        "text": problem.text,
        "age_s": max(0, round(now_s - problem.at_s)),
    }


def _name(roster: Roster, session_id: str) -> str:
    return roster.display_name(session_id)[:MAX_NAME_CHARS]
