# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py calls` and `prunecalls`: for people and for programs."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from calls import services
from calls.management.commands import calls as calls_command
from calls.models import Call, RoomSettings, Speaker
from tests.calls.factories import (
    CallEventFactory,
    CallFactory,
    RecipientFactory,
    RoomSettingsFactory,
    SpeakerFactory,
)

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    """What a command prints."""
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def busy() -> Call:
    """A call with two readers, one of whom has left, two speakers and a problem."""
    call = CallFactory.create(room_token="abc123", state="joined", words_read=42)
    RecipientFactory.create(call=call)
    RecipientFactory.create(call=call, until=timezone.now())
    SpeakerFactory.create(
        call=call, display_name="Ann [x]", state="listening", words=40, speech_s=60
    )
    SpeakerFactory.create(call=call, display_name="Ben", stt_s=120, state="silent")
    CallEventFactory.create(call=call, level="warning", code="hpb.lost", text="gone")
    CallEventFactory.create(call=call, level="error", code="speaker.failed", text="401")
    CallEventFactory.create(call=call, level="info", code="hpb.joined")
    return call


def test_the_table_says_who_reads_who_speaks_and_what_is_wrong(
    busy: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look: state, readers, words, cost, the last problem."""
    monkeypatch.setenv("COLUMNS", "200")
    page = run("calls")
    for text in ("abc123", "joined", " 1 ", "42", "1.0 min", "2.0 min"):
        assert text in page
    for text in ("Ann [x] listening 40 words", "Ben silent 0 words"):
        assert text in page
    assert "speaker.failed 401 (0 min ago)" in page
    assert "hpb.lost" not in page


def test_programs_get_the_same(busy: Call) -> None:
    """All figures, nothing else on the way out."""
    (line,) = json.loads(run("calls", "--json"))
    assert (line["room_token"], line["recipients"], line["words"]) == ("abc123", 1, 42)
    assert (line["speech_s"], line["stt_s"]) == (60, 120)
    assert line["problem"]["code"] == "speaker.failed"
    assert [speaker["name"] for speaker in line["speakers"]] == ["Ann [x]", "Ben"]


def test_nothing_to_show() -> None:
    """Says so, in words and for programs."""
    assert run("calls").strip() == "No call is captioned now."
    assert run("calls", "--past").strip() == "No call is over yet."
    assert json.loads(run("calls", "--json")) == []


def test_past_calls_say_why_they_ended() -> None:
    """The latest first."""
    now = timezone.now()
    for hours in (50, 1):
        CallFactory.create(
            room_token=f"room{hours}",
            state="ended",
            ended_at=now - timedelta(hours=hours),
            end_reason="nobody reads",
        )
    lines = json.loads(run("calls", "--past", "--json"))
    assert [line["room_token"] for line in lines] == ["room1", "room50"]
    assert {line["end_reason"] for line in lines} == {"nobody reads"}
    assert "nobody" in run("calls", "--past")


def test_as_many_queries_for_many_calls_as_for_one(
    busy: Call, django_assert_num_queries: Any
) -> None:
    """A look at a large installation costs no more."""
    for _ in range(5):
        SpeakerFactory.create()
    with django_assert_num_queries(4):
        assert len(services.running_calls()) == 6


def test_watching_ends_with_ctrl_c(busy: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a traceback, after it has shown something."""
    waits = []

    def interrupted(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)
    assert "abc123" in run("calls", "--watch")
    assert waits == [calls_command.EVERY_S] * 2


def test_watch_and_json_are_for_different_readers() -> None:
    """A clear error."""
    with pytest.raises(CommandError, match="choose one"):
        run("calls", "--watch", "--json")


@pytest.mark.parametrize("command", [["calls"], ["prunecalls"]])
def test_a_database_that_does_not_answer_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """But a sentence."""

    def locked(*args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(services, "running_calls", locked)
    monkeypatch.setattr(services, "calls_before", locked)
    with pytest.raises(CommandError, match="does not answer: database is locked"):
        run(*command)


@pytest.fixture
def history() -> None:
    """Calls that ended long ago, lately, and not yet."""
    for days in (90, 60, 31, 29, 1):
        ended = timezone.now() - timedelta(days=days)
        SpeakerFactory.create(call=CallFactory.create(state="ended", ended_at=ended))
    CallFactory.create()
    RoomSettingsFactory.create()


@pytest.mark.usefixtures("history")
def test_old_calls_are_forgotten_with_all_that_belongs_to_them() -> None:
    """Running calls and languages of rooms stay."""
    assert run("prunecalls").strip() == "3 calls deleted."
    assert (Call.objects.count(), Speaker.objects.count()) == (3, 2)
    assert RoomSettings.objects.count() == 1
    assert json.loads(run("prunecalls", "--json")) == {"found": 0, "deleted": 0}


@pytest.mark.usefixtures("history")
def test_a_dry_run_deletes_nothing() -> None:
    """It only counts."""
    text = run("prunecalls", "--days", "0.5", "--dry-run")
    assert text.strip() == "5 calls ended more than 0.5 days ago."
    assert Call.objects.count() == 6


@pytest.mark.usefixtures("history")
def test_pruning_goes_in_small_steps() -> None:
    """So that workers can write in between."""
    assert list(services.prune_calls(timezone.now(), batch=2)) == [2, 2, 1]


@pytest.mark.parametrize("days", ["-1", "1e9", "nan"])
def test_impossible_ages_are_refused(days: str) -> None:
    """And nothing is deleted."""
    with pytest.raises(CommandError, match="--days"):
        run("prunecalls", f"--days={days}")
