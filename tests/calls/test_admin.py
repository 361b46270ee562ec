# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The development admin: everything can be seen, little can be changed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from calls import services
from calls.control import ReconnectSpeaker, RetryHpb
from calls.languages import LANGUAGES
from calls.models import Call, CallEvent, Language, Recipient, RoomSettings, Worker
from calls.paging import LongPaginator
from calls.services import EventCode
from tests.calls.factories import (
    CallEventFactory,
    CallFactory,
    RecipientFactory,
    RoomSettingsFactory,
    SpeakerFactory,
    WorkerFactory,
)

MODELS = (
    "call",
    "recipient",
    "speaker",
    "callevent",
    "worker",
    "language",
    "roomsettings",
)


@pytest.fixture(autouse=True)
def _development(settings: Settings) -> None:
    """Passwords are for development only."""
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]


@pytest.fixture(autouse=True)
def _languages(db: None) -> Iterator[None]:
    """All of them, whatever tests before have emptied, and again for the next one."""
    for one in LANGUAGES:
        Language.objects.get_or_create(code=one.code, defaults={"name": one.name})
    yield
    Language.objects.update(enabled=True, is_default=False)
    services.read_offered_languages()


@pytest.fixture
def rows(db: None) -> int:
    """One of everything; returns the id of the call."""
    recipient = RecipientFactory.create()
    SpeakerFactory.create(call=recipient.call)
    CallEventFactory.create(call=recipient.call, text="a line of the timeline")
    RoomSettingsFactory.create()
    WorkerFactory.create()
    return int(recipient.call.pk)


@pytest.mark.parametrize("model", MODELS)
def test_lists_open(admin_client: Client, rows: int, model: str) -> None:
    """Each model has its page."""
    assert admin_client.get(f"/admin/calls/{model}/").status_code == 200


def test_the_ledger_of_a_call_is_in_the_list(admin_client: Client, rows: int) -> None:
    """What was said against what was paid for, over all its speakers."""
    for _ in range(2):
        SpeakerFactory.create(call_id=rows, speech_s=90.0, stt_s=150.0)
    page = admin_client.get("/admin/calls/call/").content.decode()
    assert '<td class="field-speech">3.0</td>' in page
    assert '<td class="field-speech_to_text">5.0</td>' in page


def test_one_call_shows_all_of_it(admin_client: Client, rows: int) -> None:
    """Readers, speakers and events on one page."""
    response = admin_client.get(f"/admin/calls/call/{rows}/change/")
    page = response.content.decode()
    assert response.status_code == 200
    for text in ("nextcloud-session", "Ann", "a line of the timeline"):
        assert text in page


@pytest.mark.parametrize("model", ["call", "recipient", "speaker", "worker"])
def test_what_the_program_writes_cannot_be_edited(
    admin_client: Client, rows: int, model: str
) -> None:
    """Neither added nor deleted."""
    assert admin_client.get(f"/admin/calls/{model}/add/").status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(rows)]}
    admin_client.post(f"/admin/calls/{model}/", data)
    page = admin_client.get(f"/admin/calls/{model}/").content.decode()
    assert "0 " + model not in page


def test_running_calls_come_first(admin_client: Client, rows: int) -> None:
    """Then those that ended last."""
    for token, ended in (("long-over", 5), ("just-over", 1)):
        at = timezone.now() - timedelta(hours=ended)
        CallFactory.create(room_token=token, state="ended", ended_at=at)
    page = admin_client.get("/admin/calls/call/").content.decode()
    running = Call.objects.get(pk=rows).room_token
    tokens = (running, "just-over", "long-over")
    places = [page.index(f'/change/">{token}') for token in tokens]
    assert places == sorted(places)


def stop(client: Client, call_id: int, **more: str) -> str:
    """As the button and the question after it do; returns the page."""
    data = {"action": "stop_calls", "_selected_action": [str(call_id)], **more}
    return client.post("/admin/calls/call/", data, follow=True).content.decode()


def test_a_call_is_stopped_after_a_question(admin_client: Client, rows: int) -> None:
    """By name, once; its readers are gone."""
    page = admin_client.get(f"/admin/calls/call/{rows}/change/").content.decode()
    assert "Stop captions…" in page
    assert "Stop captions?" in stop(admin_client, rows)
    call = Call.objects.get(pk=rows)
    assert call.ended_at is None
    assert "1 call was stopped." in stop(admin_client, rows, confirmed="yes")
    call.refresh_from_db()
    assert (call.state, call.end_reason) == ("ended", "stopped by admin")
    assert not call.recipients.filter(until=None).exists()
    assert call.events.filter(code="operator.stopped", text="by admin").exists()
    assert "0 calls were stopped." in stop(admin_client, rows, confirmed="yes")
    assert call.events.filter(code="operator.stopped").count() == 1
    assert "None of these calls runs." in stop(admin_client, rows)
    page = admin_client.get(f"/admin/calls/call/{rows}/change/").content.decode()
    assert "Stop captions…" not in page


def test_languages_can_be_switched_off(admin_client: Client) -> None:
    """The model's languages are given; whether they are offered is not."""
    language = Language.objects.get(code="fr")
    url = f"/admin/calls/language/{language.pk}/change/"
    assert admin_client.post(url, {"enabled": ""}).status_code == 302
    language.refresh_from_db()
    assert not language.enabled


def language(client: Client, code: str, *boxes: str) -> str:
    """Save a language's form with these boxes ticked; returns the page."""
    url = f"/admin/calls/language/{Language.objects.get(code=code).pk}/change/"
    data = dict.fromkeys(boxes, "on")
    return client.post(url, data, follow=True).content.decode()


def test_one_default_takes_the_place_of_another(admin_client: Client) -> None:
    for code in ("fr", "en"):
        language(admin_client, code, "enabled", "is_default")
        assert Language.objects.get(is_default=True).code == code
        assert services.room_language("room", None) == code


def test_the_default_and_the_last_language_stay_enabled(admin_client: Client) -> None:
    assert "has to be enabled" in language(admin_client, "fr", "is_default")
    language(admin_client, "fr")
    assert "One language has to be enabled" in language(admin_client, "en")
    assert [one.code for one in services.offered_languages()] == ["en"]


def test_rooms_choose_among_enabled_languages(admin_client: Client) -> None:
    """A bad token or a language that is off is said, and nothing is stored."""
    language(admin_client, "fr")
    url = "/admin/calls/roomsettings/add/"
    for token, code in (("room1", "fr"), ("a room", "en")):
        data = {"room_token": token, "language": code}
        assert admin_client.post(url, data).status_code == 200
    assert not RoomSettings.objects.exists()
    data = {"room_token": "room1", "language": "en"}
    assert admin_client.post(url, data).status_code == 302
    assert RoomSettings.objects.get().language == "en"


def test_a_running_call_follows_its_room(admin_client: Client, rows: int) -> None:
    call = Call.objects.get(pk=rows)
    data = {"room_token": call.room_token, "language": "fr"}
    admin_client.post("/admin/calls/roomsettings/add/", data)
    call.refresh_from_db()
    assert call.language == "fr"
    room = RoomSettings.objects.get(room_token=call.room_token)
    url = f"/admin/calls/roomsettings/{room.pk}"
    admin_client.post(f"{url}/change/", {"room_token": "other", "language": "en"})
    room.refresh_from_db()
    assert (room.room_token, room.language) == (call.room_token, "en")
    admin_client.post(f"{url}/change/", {"language": "fr"})
    call.refresh_from_db()
    assert call.language == "fr"
    admin_client.post(f"{url}/delete/", {"post": "yes"})
    call.refresh_from_db()
    assert call.language == "en"
    assert not RoomSettings.objects.filter(pk=room.pk).exists()


def test_passwords_do_not_work_in_production(
    client: Client, settings: Settings, db: None
) -> None:
    """Even a right one: Nextcloud says who somebody is."""
    User.objects.create_superuser("admin", password="right")
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.BaseBackend"]
    form = {"username": "admin", "password": "right"}
    assert client.post("/admin/login/", form).status_code == 200
    assert client.get("/admin/").status_code == 302
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    assert client.post("/admin/login/", form).status_code == 302
    assert client.get("/admin/").status_code == 200


def reconnect(client: Client, call_id: int, speaker_id: int) -> str:
    """As the button beside a speaker does; returns the page after it."""
    url = f"/admin/calls/call/{call_id}/speakers/{speaker_id}/reconnect"
    return client.post(url, follow=True).content.decode()


def holding(worker: Worker, call: Call) -> None:
    """The worker holds the call for a while."""
    until = timezone.now() + timedelta(seconds=10)
    Call.objects.filter(pk=call.pk).update(worker=worker, lease_until=until)


@pytest.mark.django_db(transaction=True)
def test_a_speaker_is_reconnected_by_name(admin_client: Client, rows: int) -> None:
    """Its worker is told; the timeline says who wanted it."""
    call = Call.objects.get(pk=rows)
    speaker = call.speakers.get()
    worker = Worker.objects.get()
    holding(worker, call)
    page = admin_client.get(f"/admin/calls/call/{rows}/change/").content.decode()
    assert "Connect Ann again" in page
    assert "is connected again" in reconnect(admin_client, rows, speaker.pk)
    event = call.events.get(code="operator.reconnected")
    assert (event.text, event.speaker) == ("by admin", speaker)
    assert (
        received(worker)
        == ReconnectSpeaker(call.room_token, speaker.session_id).to_message()
    )


def received(worker: Worker) -> dict[str, Any]:
    """The message on a worker's channel."""
    layer = get_channel_layer()
    assert layer is not None
    message: dict[str, Any] = async_to_sync(layer.receive)(worker.channel)
    return message


def test_who_is_not_there_is_not_reconnected(admin_client: Client, rows: int) -> None:
    """No worker, a speaker who left, a call that is over: said, and nothing done."""
    call = Call.objects.get(pk=rows)
    speaker = call.speakers.get()
    assert "Nothing was done" in reconnect(admin_client, rows, speaker.pk)
    holding(Worker.objects.get(), call)
    call.speakers.update(state="ended")
    assert "Nothing was done" in reconnect(admin_client, rows, speaker.pk)
    call.speakers.update(state="listening")
    services.stop_call(rows, "admin")
    assert "Nothing was done" in reconnect(admin_client, rows, speaker.pk)
    assert not call.events.filter(code="operator.reconnected").exists()
    url = f"/admin/calls/call/{rows}/speakers/{speaker.pk}/reconnect"
    assert admin_client.get(url).status_code == 405


def test_strangers_reconnect_nobody(client: Client, rows: int) -> None:
    speaker = Call.objects.get(pk=rows).speakers.get()
    url = f"/admin/calls/call/{rows}/speakers/{speaker.pk}/reconnect"
    assert client.post(url).status_code in (302, 403)
    assert not CallEvent.objects.filter(code="operator.reconnected").exists()


@pytest.mark.django_db(transaction=True)
def test_refused_workers_ask_again(admin_client: Client, rows: int) -> None:
    """The list says who was refused, and the action has them ask again."""
    worker = Worker.objects.get()
    data = {"action": "retry_hpb", "_selected_action": [str(worker.pk)]}
    url = "/admin/calls/worker/"
    page = admin_client.post(url, data, follow=True).content.decode()
    assert "None of these workers was refused." in page
    services.renew_leases(worker.name, 0, [], "the HPB refuses LT_INTERNAL_SECRET")
    assert "refuses LT_INTERNAL_SECRET" in admin_client.get(url).content.decode()
    other = WorkerFactory.create(hpb_refusal="refused as well")
    page = admin_client.post(url, data, follow=True).content.decode()
    assert "1 worker asks again." in page
    assert other.hpb_refusal in page
    assert "refuses LT_INTERNAL_SECRET" not in page
    assert received(worker) == RetryHpb().to_message()
    events = CallEvent.objects.filter(code="operator.retried", text="by admin")
    assert events.get().call_id == rows


def test_the_list_has_figures_in_few_queries(
    admin_client: Client,
    rows: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """However many calls there are."""
    for number in range(60):
        call = CallFactory.create(room_token=f"other{number}")
        SpeakerFactory.create_batch(2, call=call)
        RecipientFactory.create(call=call)
        CallEventFactory.create(call=call, level="warning", text="a bad day")
    with django_assert_max_num_queries(12):
        page = admin_client.get("/admin/calls/call/").content.decode()
    assert page.count("a bad day") == 60
    for model in ("speaker", "recipient", "callevent"):
        with django_assert_max_num_queries(8):
            admin_client.get(f"/admin/calls/{model}/")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=room-of-ann", True),
        ("q=OF-AN", True),
        ("q=Ann", True),
        ("q=Bob", False),
        ("over=no", True),
        ("over=yes", False),
        ("language=en", True),
        ("language=fr", False),
        ("has_problem__exact=1", False),
    ],
)
def test_calls_are_found(admin_client: Client, query: str, found: bool) -> None:
    """By room, by speaker, by what they are."""
    call = CallFactory.create(room_token="room-of-ann", language="en")
    SpeakerFactory.create_batch(2, call=call, display_name="Ann")
    page = admin_client.get(f"/admin/calls/call/?{query}").content.decode()
    assert page.count(f"/admin/calls/call/{call.pk}/change/") == found


def test_problems_mark_their_call(rows: int) -> None:
    call = Call.objects.get(pk=rows)
    assert not call.has_problem
    services.record_event(rows, "info", EventCode.HPB_JOINED, "")
    call.refresh_from_db()
    assert not call.has_problem
    services.record_event(rows, "warning", EventCode.HPB_LOST, "gone")
    call.refresh_from_db()
    assert call.has_problem


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Call.objects.order_by("is_over", "-created_at", "-pk"), "calls_in_order"),
        (Call.objects.order_by("-ended_at"), "calls_by_end"),
        (CallEvent.objects.order_by("-at", "-pk"), "events_in_order"),
        (Recipient.objects.order_by("-since", "-pk"), "readers_in_order"),
    ],
)
@pytest.mark.django_db
def test_lists_need_no_sorting(query: QuerySet[Any], index: str) -> None:
    """Their first pages come straight from an index."""
    plan = query[:100].explain()
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_one_letter_is_too_little_to_look_for(admin_client: Client, rows: int) -> None:
    page = admin_client.get("/admin/calls/call/?q=r").content.decode()
    assert "Type at least two characters." in page
    assert f"/admin/calls/call/{rows}/change/" not in page


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_pages_are_the_same_from_either_end(rows: int, size: int) -> None:
    """None twice, none left out, whatever the page's size."""
    CallEventFactory.create_batch(19, call_id=rows)
    events = CallEvent.objects.order_by("-at", "-pk")
    paginator = LongPaginator(events, size)
    seen = [one for number in paginator.page_range for one in paginator.page(number)]
    assert seen == list(events)
