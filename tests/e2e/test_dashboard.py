# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The live page's data of a real call in a real process, and its words on request."""

import asyncio
import re
from typing import Any

import httpx

from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import spoken_words

ROOM = "liveroom"
LOOK_S = 0.1


class Operator:
    """An administrator behind a proxy without WebSocket."""

    def __init__(self, call: LocalCall, client: httpx.AsyncClient) -> None:
        self._client = client
        client.headers.update(call.nextcloud.credentials.headers("admin"))

    async def call_with(self, *, preview: bool) -> dict[str, Any]:
        """Poll until the call is there, its only speaker speaks, with words or not."""
        async with asyncio.timeout(10):
            while True:
                update = (await self._client.get("/admin/live.json")).json()
                for worker in update["workers"]:
                    for call in worker["calls"]:
                        is_shown = bool((call["preview"] or {}).get("captions"))
                        voices = [one["speaking"] for one in call["speakers"]]
                        if (is_shown, voices) == (preview, [True]):
                            return dict(call)
                await asyncio.sleep(LOOK_S)

    async def show_words(self, call_id: int) -> None:
        """Press the button of the page."""
        page = (await self._client.get("/admin/")).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        form = {"csrfmiddlewaretoken": token[1], "on": "1"}
        url = f"/admin/calls/{call_id}/preview"
        (await self._client.post(url, data=form)).raise_for_status()

    async def timeline_with(self, text: str) -> str:
        """The list of events, once this is in it."""
        async with asyncio.timeout(5):
            while True:
                page = (await self._client.get("/admin/calls/callevent/")).text
                if text in page:
                    return page
                await asyncio.sleep(LOOK_S)


async def test_a_call_is_seen_live_and_its_words_only_on_request() -> None:
    audio = spoken_words(0, range(1, 100), 48_000)
    async with (
        LocalCall(
            NumberedEngine(),
            "modal-pcm",
            simulate_hpb=True,
            environment={"LT_LEAVE_SECONDS": "0"},
        ) as call,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(call.nextcloud, ROOM, "Ann", audio) as speaker,
        httpx.AsyncClient(base_url=call.app.url) as client,
    ):
        operator = Operator(call, client)
        await viewer.enter_call()
        await speaker.enter_call()
        await viewer.press_cc()
        await call.wait_heard(1)
        speaker.speak()
        await viewer.wait_for_captions(2)
        seen = await operator.call_with(preview=False)
        assert (seen["room"], seen["state"], seen["recipients"]) == (ROOM, "joined", 1)
        (ann,) = seen["speakers"]
        assert (ann["name"], ann["state"]) == ("Ann", "listening")
        assert ann["level"] > -60
        assert ann["pace"] > 0
        assert 0 <= ann["delay_ms"] < 1000
        assert seen["preview"] is None

        await operator.show_words(seen["id"])
        seen = await operator.call_with(preview=True)
        assert re.match(r"w\d+", seen["preview"]["captions"][0]["text"])
        await viewer.press_cc(False)
        await viewer.wait_until(lambda: viewer.bots_left == 1, 5.0)
        timeline = await operator.timeline_with("the captions ended")
        assert "preview.on" in timeline
        assert "preview.off" in timeline
        assert not re.search(r"\bw\d+\b(?!\.org)", timeline + call.log)
