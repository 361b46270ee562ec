# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What dashboards are shown of a worker: bounded, and without a word."""

import json
from dataclasses import dataclass
from typing import Any, cast

from calls.services import (
    CallReport,
    ClaimedCall,
    EventCode,
    SpeakerCounters,
)
from signaling.captions.caption import Caption
from signaling.captions.recent import RecentCaptions
from signaling.hpb.messages import RoomSession, SessionsJoined
from signaling.hpb.roster import Roster
from signaling.supervisor.journal import MAX_PROBLEMS, CallJournal
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.speaker import SpeakerPipeline
from signaling.supervisor.vitals import MAX_SPEAKERS, CallParts, Load, worker_vitals

NOW_S = 1000.0


@dataclass
class Talker:
    """A speaker, as far as vitals look at one."""

    session_id: str
    state: str = "listening"
    counters: SpeakerCounters = SpeakerCounters(lost_packets=3, dropped_frames=2)

    def level_dbov(self, now_s: float) -> int:
        return -31

    def is_speaking(self, now_s: float) -> bool:
        return True


def parts(speakers: int = 1, recent: RecentCaptions | None = None) -> CallParts:
    """A call with so many speakers."""
    talkers = [Talker(f"session-{number}") for number in range(speakers)]
    call = ClaimedCall(7, "room7", 1, "en")
    roster = Roster()
    joined = [
        RoomSession(
            session_id=t.session_id,
            nextcloud_session_id="",
            user_id="",
            display_name=f"Ann of {t.session_id}",
            internal=False,
            federated=False,
        )
        for t in talkers
    ]
    roster.apply(SessionsJoined(tuple(joined)))
    return CallParts(
        call,
        "fr",
        2,
        CallReport(words_dropped=5, reconnects=1),
        CallJournal(call),
        cast("list[SpeakerPipeline]", talkers),
        roster,
        recent or RecentCaptions(),
    )


def shown(*calls: CallParts) -> dict[str, Any]:
    """What a dashboard gets."""
    text = worker_vitals("w1", calls, StreamSlots(9), Load(12.34, 0.5), NOW_S)
    return cast("dict[str, Any]", json.loads(text))


def test_a_worker_with_a_call() -> None:
    recent = RecentCaptions()
    recent.add(Caption("canary of a word", "en", "session-0", NOW_S - 1), 4, NOW_S)
    one = parts(recent=recent)
    one.journal.speaker_state("session-0", "reconnecting", "no answer")
    vitals = shown(one)
    assert "canary" not in json.dumps(vitals)
    assert "session-0" not in json.dumps({**vitals, "calls": []})
    (call,) = vitals.pop("calls")
    assert vitals == {
        "name": "w1",
        "speakers": 1,
        "lag_ms": 12.3,
        "cpu": 0.5,
        "slots": {"used": 0, "waiting": 0, "all": 9},
    }
    (speaker,) = call.pop("speakers")
    assert call == {
        "id": 7,
        "room": "room7",
        "state": "joining",
        "language": "fr",
        "recipients": 2,
        "words_dropped": 5,
        "reconnects": 1,
        "problem": None,
        "preview": None,
        "more": 0,
    }
    problem = speaker.pop("problem")
    assert (problem["code"], problem["text"]) == ("speaker.reconnecting", "no answer")
    assert len(speaker.pop("id")) == 8
    assert speaker == {
        "name": "Ann of session-0",
        "level": -31,
        "speaking": True,
        "state": "listening",
        "pace": 4,
        "delay_ms": 1000,
        "lost_packets": 3,
        "dropped_frames": 2,
        "reconnects": 0,
    }


def test_words_are_in_it_while_the_preview_is_on() -> None:
    recent = RecentCaptions()
    recent.show(True, NOW_S)
    recent.add(Caption("two words", "en", "session-0", NOW_S), 2, NOW_S)
    (call,) = shown(parts(recent=recent))["calls"]
    assert call["preview"] == {
        "left_s": 600,
        "captions": [{"name": "Ann of session-0", "text": "two words"}],
    }


def test_the_number_of_speakers_is_bounded() -> None:
    first, second = shown(parts(MAX_SPEAKERS - 1), parts(3))["calls"]
    assert (len(first["speakers"]), first["more"]) == (MAX_SPEAKERS - 1, 0)
    assert (len(second["speakers"]), second["more"]) == (1, 2)


def test_the_last_problem_is_remembered_until_its_speaker_leaves() -> None:
    journal = CallJournal(ClaimedCall(1, "room", 1, "en"))
    journal.joined("own", resumed=False)
    assert (journal.state, journal.problems) == ("joined", {})
    journal.disconnected("cut")
    assert journal.state == "reconnecting"
    assert journal.problems[""].code == EventCode.HPB_LOST
    journal.speaker_crashed("ann")
    journal.speaker_left("ann")
    journal.speaker_refused("ben", 1)
    assert list(journal.problems) == [""]
    for number in range(2 * MAX_PROBLEMS):
        journal.speaker_crashed(f"speaker {number}")
    assert len(journal.problems) <= MAX_PROBLEMS
