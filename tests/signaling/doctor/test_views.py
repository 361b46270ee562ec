# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The page and the `occ` command, through the whole application."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.staticfiles import finders
from pytest_django.fixtures import Settings

from calls.lifecycle import background
from devkit.nextcloud import NextcloudStandIn
from devkit.talk import AppCredentials
from livetranscription.asgi import application
from signaling.doctor import views
from signaling.doctor.check import Check, Subject
from signaling.doctor.result import Finding, failure, ok
from signaling.doctor.selftest import SelfTest
from tests.calls.conftest import appapi_headers

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "a:secret:with:colons"


class Slow:
    """A check that ends when the test says so."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()

    async def ask(self, of: Subject) -> Finding:
        of.tell("It takes long")
        await self.may_end.wait()
        return failure("<b>bad</b>", "LT_X", [("name", "value", "source")])


async def fine(of: Subject) -> Finding:
    return ok("fine")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Two checks in place of the real ones."""
    slow = Slow()
    checks = (Check("fine", "Quick one", fine), Check("slow", "Slow one", slow.ask))
    monkeypatch.setattr(views, "self_test", SelfTest(checks))
    monkeypatch.setattr(views, "CHECKS", checks)
    return slow


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[None]:
    """The server's background work."""
    settings.APP_SECRET = SECRET
    async with NextcloudStandIn(AppCredentials(SECRET)) as nextcloud:
        settings.NEXTCLOUD_URL = nextcloud.url
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(background.run())
            while not background.running:  # noqa: ASYNC110 - one step of the loop
                await asyncio.sleep(0)
            yield
            running.cancel()


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's, behind HaRP."""
    settings.APP_SECRET = SECRET
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        client.headers.update(appapi_headers())
        yield client


async def press(browser: httpx.AsyncClient) -> httpx.Response:
    """The page's button."""
    await browser.get("/admin/doctor/")
    token = browser.cookies["lt_csrf"]
    return await browser.post("/admin/doctor/", data={"csrfmiddlewaretoken": token})


async def test_a_run_from_the_button_to_its_end(
    browser: httpx.AsyncClient, slow: Slow, server: None
) -> None:
    before = await browser.get("/admin/doctor/")
    assert before.status_code == 200
    assert "It has not run" in before.text
    response = await press(browser)
    assert response.status_code == 302
    assert response.headers["location"].endswith(
        "/exapps/live_transcription/admin/doctor/"
    )
    state: dict[str, Any] = {"html": "", "running": False}
    while not ("fine" in state["html"] and "It takes long" in state["html"]):
        state = (await browser.get("/admin/doctor/state.json")).json()
    assert state["running"]
    assert "1 of 2 checks done." in state["html"]
    assert "Running" in state["html"]
    again = await press(browser)
    assert again.status_code == 302
    during = await browser.get("/admin/doctor/")
    assert 'http-equiv="refresh"' in during.text
    assert "disabled" in during.text
    slow.may_end.set()
    while state["running"]:
        state = (await browser.get("/admin/doctor/state.json")).json()
    assert "&lt;b&gt;bad&lt;/b&gt;" in state["html"]
    assert "begin with the first failure" in state["html"]
    assert "LT_X" in state["html"]
    after = await browser.get("/admin/doctor/")
    assert "http-equiv" not in after.text
    assert int(after.headers["content-length"]) == len(after.content)
    assert after.headers["cache-control"].find("no-store") >= 0


def script() -> str:
    """The page's."""
    path = finders.find("doctor/page.js")
    assert isinstance(path, str)
    return Path(path).read_text()


async def test_page_has_no_script_within_and_no_address_of_others(
    browser: httpx.AsyncClient, slow: Slow
) -> None:
    text = (await browser.get("/admin/doctor/")).text
    assert "doctor/page.js" in text
    assert "/exapps/live_transcription/admin/doctor/state.json" in text
    assert "<script>" not in text
    assert "http:" not in script()


async def test_without_the_token_nothing_begins(
    browser: httpx.AsyncClient, slow: Slow
) -> None:
    response = await browser.post("/admin/doctor/", data={})
    assert response.status_code == 403
    assert not vars(views)["self_test"].is_running


async def test_without_the_server_it_says_so(
    browser: httpx.AsyncClient, slow: Slow
) -> None:
    response = await press(browser)
    assert response.status_code == 503
    assert "background work" in response.text


@pytest.mark.parametrize("path", ["/admin/doctor/", "/admin/doctor/state.json"])
async def test_not_for_strangers(browser: httpx.AsyncClient, path: str) -> None:
    browser.headers.update(appapi_headers(user=""))
    assert (await browser.get(path)).status_code == 403
    browser.headers.clear()
    assert (await browser.get(path)).status_code == 401


async def test_a_run_that_breaks_leaves_the_page_usable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**options: object) -> Subject:
        raise KeyError("x")

    monkeypatch.setattr("signaling.doctor.selftest.subject", broken)
    one = SelfTest()
    assert one.claim()
    assert not one.claim()
    await one.run()
    assert not one.is_running
    assert "The self-test broke" in caplog.text


@pytest.fixture
def occ(browser: httpx.AsyncClient) -> httpx.AsyncClient:
    """`occ` has no user."""
    browser.headers.update(appapi_headers(user=""))
    return browser


BODY = {"occ": {"arguments": None, "options": None}}


async def test_occ_shows_a_table_and_fails(occ: httpx.AsyncClient, slow: Slow) -> None:
    slow.may_end.set()
    response = await occ.post("/occ/doctor", json=BODY)
    assert response.status_code == 503
    assert "FAILURE  Slow one" in response.text
    assert "\x1b" not in response.text
    assert response.headers["content-type"].startswith("text/plain")
    assert int(response.headers["content-length"]) == len(response.content)


async def test_occ_for_programs(
    occ: httpx.AsyncClient, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "CHECKS", vars(views)["CHECKS"][:1])
    body = {"occ": {"arguments": None, "options": {"json": True}}}
    response = await occ.post("/occ/doctor", json=body)
    assert response.status_code == 200
    assert json.loads(response.text)["exit_code"] == 0


async def test_occ_is_for_occ_alone(browser: httpx.AsyncClient, slow: Slow) -> None:
    assert (await browser.post("/occ/doctor", json=BODY)).status_code == 403
    browser.headers.update(appapi_headers(user=""))
    assert (await browser.get("/occ/doctor")).status_code == 405
    assert (await browser.post("/occ/doctor", content=b"[]")).status_code == 400
