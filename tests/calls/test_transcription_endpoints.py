# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Capabilities, languages, transcribe, set-language, leave, status: Talk's calls."""

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from pytest_django.fixtures import Settings

from calls import services
from calls.models import Call, Language, Recipient, RoomSettings
from tests.calls.endpoints import LEAVE, MALFORMED, SET_LANGUAGE, TRANSCRIBE, body

LANGUAGES = {
    "en": {"name": "English", "metadata": {"separator": " ", "rtl": False}},
    "fr": {"name": "Français", "metadata": {"separator": " ", "rtl": False}},
}

database = pytest.mark.django_db(transaction=True)


async def test_capabilities(nextcloud: httpx.AsyncClient) -> None:
    """The official app's nesting; no translation is promised."""
    answer = (await nextcloud.get("/capabilities")).json()
    assert answer["live_transcription"]["features"] == ["live_transcription"]
    inner = answer["live_transcription"]["live_transcription"]
    assert inner == {"supported_languages": LANGUAGES}
    assert list(answer) == ["live_transcription"]


async def test_languages_are_talks_map(nextcloud: httpx.AsyncClient) -> None:
    """Every entry has metadata: Talk's renderer throws without."""
    response = await nextcloud.get("/api/v1/languages")
    assert response.json() == LANGUAGES


@database
async def test_a_language_that_is_off_is_not_offered(
    nextcloud: httpx.AsyncClient,
) -> None:
    """Neither shown nor taken; a room that still has it gets the default."""
    await Language.objects.aupdate_or_create(code="en", defaults={"enabled": True})
    french, _ = await Language.objects.aupdate_or_create(code="fr")
    french.enabled = False
    await sync_to_async(services.save_language)(french)
    try:
        assert list((await nextcloud.get("/api/v1/languages")).json()) == ["en"]
        said = (await nextcloud.get("/capabilities")).json()["live_transcription"]
        offered = said["live_transcription"]["supported_languages"]
        assert list(offered) == ["en"]
        choice = {"roomToken": "room1", "langId": "fr"}
        response = await nextcloud.post(SET_LANGUAGE, json=choice)
        assert response.status_code == 400
        assert response.json() == {"error": "langId fr is switched off"}
        response = await nextcloud.post(TRANSCRIBE, json=body(langId="fr"))
        assert response.json()["language"] == "en"
        # The call runs by now: nor does it change to that language.
        response = await nextcloud.post(TRANSCRIBE, json=body(langId="fr"))
        assert response.json()["language"] == "en"
    finally:
        french.enabled = True
        await sync_to_async(services.save_language)(french)


async def test_languages_as_a_list(nextcloud: httpx.AsyncClient) -> None:
    """The other form, for those who ask."""
    answer = (await nextcloud.get("/api/v1/languages?format=list")).json()
    assert [language["code"] for language in answer["languages"]] == ["en", "fr"]


@database
@pytest.mark.parametrize("path", [TRANSCRIBE, SET_LANGUAGE, LEAVE])
@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
async def test_malformed_bodies(
    nextcloud: httpx.AsyncClient, path: str, content: bytes
) -> None:
    """4xx with a reason, and nothing is stored."""
    response = await nextcloud.post(path, content=content)
    assert response.status_code in (400, 413)
    assert response.json()["error"]
    assert await Call.objects.acount() == 0
    assert await RoomSettings.objects.acount() == 0


@database
async def test_body_beyond_all_bounds(nextcloud: httpx.AsyncClient) -> None:
    """Refused by its size, before it is parsed."""
    response = await nextcloud.post(TRANSCRIBE, content=b"x" * 200_000)
    assert response.status_code == 413


@database
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"enable": None}, "enable"),
        ({"enable": "true"}, "enable"),
        ({"enable": 1}, "enable"),
        ({"ncSessionId": None}, "ncSessionId"),
        ({"ncSessionId": ""}, "ncSessionId"),
        ({"ncSessionId": 5}, "ncSessionId"),
        ({"ncSessionId": "s" * 256}, "ncSessionId"),
        ({"roomToken": {}}, "roomToken"),
        ({"langId": 5}, "langId"),
        ({"langId": ["en"]}, "langId"),
    ],
)
async def test_error_names_the_field(
    nextcloud: httpx.AsyncClient, changes: dict[str, object], field: str
) -> None:
    """Whoever reads the log knows what was wrong."""
    response = await nextcloud.post(TRANSCRIBE, json=body(**changes))
    assert response.status_code == 400
    assert field in response.json()["error"]
    assert await Call.objects.acount() == 0


@database
@pytest.mark.parametrize(
    ("language", "tag"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "en"),
        ("languages", "en"),
        ("fr", "fr"),
        ("FR", "fr"),
        ("fr_CA", "fr"),
        ("en-US", "en"),
    ],
)
async def test_captions_on(
    nextcloud: httpx.AsyncClient, language: str | None, tag: str
) -> None:
    """Talk's real calls, with and without a language, known and unknown."""
    response = await nextcloud.post(TRANSCRIBE, json=body(langId=language))
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "enabled": True, "language": tag}
    call = await Call.objects.aget(room_token="room1")
    assert call.language == tag
    assert await Recipient.objects.filter(call=call, until=None).acount() == 1


@database
async def test_pressing_again_changes_nothing(nextcloud: httpx.AsyncClient) -> None:
    """One call and one wish, however often the button is pressed."""
    for _ in range(3):
        assert (await nextcloud.post(TRANSCRIBE, json=body())).status_code == 200
    await nextcloud.post(TRANSCRIBE, json=body(ncSessionId="session2"))
    assert await Call.objects.acount() == 1
    assert await Recipient.objects.acount() == 2


@database
async def test_captions_off(nextcloud: httpx.AsyncClient) -> None:
    """The wish ends; off without on, or for an unknown room, is fine."""
    off = body(enable=False)
    assert (await nextcloud.post(TRANSCRIBE, json=off)).status_code == 200
    await nextcloud.post(TRANSCRIBE, json=body())
    response = await nextcloud.post(TRANSCRIBE, json=off)
    assert response.json() == {"status": "ok", "enabled": False}
    assert await Recipient.objects.filter(until=None).acount() == 0


@database
async def test_missing_configuration_is_named(
    nextcloud: httpx.AsyncClient, settings: Settings
) -> None:
    """503 at once, with the settings to set; switching off works all the same."""
    settings.LT_HPB_URL = settings.LT_STT_URL = ""
    response = await nextcloud.post(TRANSCRIBE, json=body())
    assert response.status_code == 503
    for name in ("LT_HPB_URL", "MODAL_WORKSPACE", "MODAL_KEY", "MODAL_SECRET"):
        assert name in response.json()["error"]
    assert await Call.objects.acount() == 0
    off = await nextcloud.post(TRANSCRIBE, json=body(enable=False))
    assert off.status_code == 200


@database
async def test_limit_of_calls(nextcloud: httpx.AsyncClient, settings: Settings) -> None:
    """503 with the name of the limit; calls that exist take further readers."""
    settings.LT_MAX_CALLS = 1
    await nextcloud.post(TRANSCRIBE, json=body())
    again = await nextcloud.post(TRANSCRIBE, json=body(ncSessionId="session2"))
    assert again.status_code == 200
    response = await nextcloud.post(TRANSCRIBE, json=body(roomToken="room2"))
    assert response.status_code == 503
    assert "LT_MAX_CALLS" in response.json()["error"]


@database
@pytest.mark.parametrize(
    ("language", "tag"), [("fr", "fr"), ("FR-ca", "fr"), ("", "en"), ("en", "en")]
)
async def test_set_language(
    nextcloud: httpx.AsyncClient, language: str, tag: str
) -> None:
    """Stored without a call, and used for the next one."""
    fields = {"roomToken": "room1", "langId": language}
    response = await nextcloud.post(SET_LANGUAGE, json=fields)
    assert (response.status_code, response.json()["language"]) == (200, tag)
    answer = await nextcloud.post(TRANSCRIBE, json=body())
    assert answer.json()["language"] == tag


@database
async def test_set_language_of_a_running_call(nextcloud: httpx.AsyncClient) -> None:
    """Later captions carry the new tag."""
    await nextcloud.post(TRANSCRIBE, json=body())
    await nextcloud.post(SET_LANGUAGE, json={"roomToken": "room1", "langId": "fr"})
    assert (await Call.objects.aget()).language == "fr"


@database
@pytest.mark.parametrize("fields", [{"langId": "de"}, {"langId": 1}, {}])
async def test_set_language_to_something_unknown(
    nextcloud: httpx.AsyncClient, fields: dict[str, object]
) -> None:
    """400 is the only feedback a moderator can get."""
    response = await nextcloud.post(SET_LANGUAGE, json={"roomToken": "room1", **fields})
    assert response.status_code == 400
    assert "langId" in response.json()["error"]
    assert await RoomSettings.objects.acount() == 0


@database
async def test_leave(nextcloud: httpx.AsyncClient) -> None:
    """All wishes of a room end; a room we are not in is fine."""
    await nextcloud.post(TRANSCRIBE, json=body())
    for room_token in ("room1", "elsewhere"):
        response = await nextcloud.post(LEAVE, json={"roomToken": room_token})
        assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert await Recipient.objects.filter(until=None).acount() == 0


@database
async def test_status(nextcloud: httpx.AsyncClient, settings: Settings) -> None:
    """Numbers for operators; no secret, no URL."""
    await nextcloud.post(TRANSCRIBE, json=body())
    response = await nextcloud.get("/api/v1/status")
    answer = response.json()
    assert (answer["active_rooms"], answer["recipients"]) == (1, 1)
    assert answer["active_transcribers"] == 0
    assert answer["hpb_configured"] is True
    assert answer["memory_mb"] > 0
    assert settings.LT_INTERNAL_SECRET not in response.text
    assert "example.com" not in response.text


@database
async def test_a_database_that_does_not_answer_is_a_503(
    nextcloud: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within Talk's patience, and with a text that says what to do."""

    def locked(*args: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(services, "want_captions", locked)
    response = await nextcloud.post(TRANSCRIBE, json=body())
    assert response.status_code == 503
    assert "try again" in response.json()["error"]
