# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The development admin: everything can be seen, little can be changed."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from calls.models import Language
from tests.calls.factories import (
    CallEventFactory,
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


def test_languages_can_be_switched_off(admin_client: Client) -> None:
    """The model's languages are given; whether they are offered is not."""
    language = Language.objects.get(code="fr")
    url = f"/admin/calls/language/{language.pk}/change/"
    assert admin_client.post(url, {"enabled": ""}).status_code == 302
    language.refresh_from_db()
    assert not language.enabled


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
