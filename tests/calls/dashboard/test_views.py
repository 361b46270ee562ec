# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The page, the way without a WebSocket, and the switch of the preview."""

import json
import re
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from calls.models import Call, CallEvent
from tests.calls.dashboard.boards import layer
from tests.calls.factories import CallFactory, WorkerFactory


@pytest.fixture(autouse=True)
def _development(settings: Settings) -> None:
    """Passwords, instead of a Nextcloud around it."""
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]


@pytest.fixture
def call(db: None) -> Call:
    """A call that a worker holds."""
    worker = WorkerFactory.create(name="holder", channel="calls.holder")
    lease = timezone.now() + timedelta(seconds=15)
    return CallFactory.create(worker=worker, lease_until=lease)


def url(call: Call) -> str:
    """The switch of this call."""
    return f"/admin/calls/{call.pk}/preview"


def test_the_first_page_is_live_and_has_no_script_of_its_own(
    admin_client: Client,
) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert 'data-socket="/ws/dashboard" data-poll="/admin/live.json"' in page
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page)
    assert [kind for kind in inline if "application/json" not in kind] == []


def test_where_the_proxy_has_no_websocket_none_is_tried(admin_client: Client) -> None:
    headers = {"x-origin-ip": "192.0.2.1"}
    page = admin_client.get("/admin/", headers=headers).content.decode()
    assert 'data-socket=""' in page


def test_polling_gives_an_update_nobody_may_keep(admin_client: Client) -> None:
    response = admin_client.get("/admin/live.json")
    assert set(json.loads(response.content)) == {"number", "at", "rows", "workers"}
    assert response["Cache-Control"] == "no-store"
    assert int(response["Content-Length"]) == len(response.content)


@pytest.mark.parametrize("is_staff", [None, False])
def test_nobody_else_gets_anything(
    client: Client, call: Call, is_staff: bool | None
) -> None:
    if is_staff is not None:
        user = User.objects.create_user("plain", password="plain", is_staff=is_staff)
        client.force_login(user)
    assert client.get("/admin/live.json").status_code == 403
    assert client.post(url(call), {"on": "1"}).status_code == 403
    assert not CallEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("on", "code"), [("1", "preview.on"), ("0", "preview.off")])
def test_the_preview_is_recorded_and_the_worker_told(
    admin_client: Client, call: Call, on: str, code: str
) -> None:
    assert admin_client.post(url(call), {"on": on}).status_code == 200
    event = CallEvent.objects.get(call=call)
    assert (event.code, event.text) == (code, "by admin")
    message = async_to_sync(layer().receive)("calls.holder")
    assert message == {
        "type": "call.preview",
        "room_token": call.room_token,
        "is_on": on == "1",
    }


def test_a_preview_needs_a_switch_a_worker_and_a_token(
    admin_client: Client, call: Call, admin_user: User
) -> None:
    assert admin_client.get(url(call)).status_code == 405
    assert admin_client.post(url(call), {"on": "yes"}).status_code == 400
    Call.objects.filter(pk=call.pk).update(lease_until=timezone.now())
    assert admin_client.post(url(call), {"on": "1"}).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post(url(call), {"on": "1"}).status_code == 403
    assert not CallEvent.objects.exists()
