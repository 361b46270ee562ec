# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Puts together what dashboards show, once a second for all who look at this process.

While somebody looks, workers are asked to tell how their calls go. What each told last
is joined into one text, and that goes to every viewer.
"""

import asyncio
import json
import logging
import time
from typing import Any, Protocol

from channels.db import database_sync_to_async
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import DatabaseError

from calls import services
from calls.control import DASHBOARD_GROUP, WatchCalls, WorkerVitals

logger = logging.getLogger(__name__)

UPDATE_S = 1.0
IDLE_LOOK_S = 0.25
"How soon a first viewer is noticed."
ROWS_S = 5.0
"How often rows are read and workers asked to go on telling."
FRESH_S = 5.0
"What a worker told longer ago is not shown any more."
POLLED_S = 10.0
"Somebody who polls looks on for so long after each time."
RETRY_S = 2.0
MAX_VIEWERS = 200
MAX_WORKERS = 100


class Viewer(Protocol):
    """A connection that is shown updates."""

    async def show(self, number: int, text: str) -> None:
        """Send an update, or leave it out if the viewer is slow; must not wait."""


class Board:
    """The newest update, and those who are sent each."""

    def __init__(self) -> None:
        self.text = ""
        "The newest update, a JSON object; empty while nobody looked."
        self.number = 0
        self._viewers: set[Viewer] = set()
        self._polled_s = float("-inf")
        self._told: dict[str, tuple[float, str]] = {}
        "Worker -> when it told last, and what."
        self._rows = "null"
        self._rows_s = float("-inf")
        self._fails = False
        "An outage is told once."

    @property
    def viewers(self) -> int:
        """Connections that get updates."""
        return len(self._viewers)

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return bool(self._viewers) or time.monotonic() - self._polled_s < POLLED_S

    def join(self, viewer: Viewer) -> bool:
        """Show this viewer updates from now on; False if there are too many."""
        if len(self._viewers) >= MAX_VIEWERS:
            return False
        self._viewers.add(viewer)
        return True

    def leave(self, viewer: Viewer) -> None:
        """The viewer has gone."""
        self._viewers.discard(viewer)

    def poll(self) -> str:
        """The newest update for somebody without a connection; from any thread.

        An object without workers' news at first: it is put together from now on.
        """
        self._polled_s = time.monotonic()
        return self.text or self._join_texts()

    async def run(self) -> None:
        """Work while somebody looks, until cancelled."""
        while True:
            if self.is_watched:
                try:
                    await self._work()
                except* Exception:
                    if not self._fails:
                        logger.exception("The dashboard stands still for a while")
                    self._fails = True
                    await asyncio.sleep(RETRY_S)
            await asyncio.sleep(IDLE_LOOK_S)

    async def _work(self) -> None:
        """Listen to workers and update viewers until nobody looks."""
        layer = get_channel_layer()
        if layer is None:
            raise RuntimeError("no channel layer is configured")
        channel = await layer.new_channel()
        async with asyncio.TaskGroup() as tasks:
            listener = tasks.create_task(self._listen(layer, channel))
            try:
                # The end of the listener cancels us, which the Redis client may swallow.
                while self.is_watched and not listener.done():
                    await self._refresh(layer, channel)
                    await self._update()
                    await asyncio.sleep(UPDATE_S)
            finally:
                listener.cancel()
                await layer.group_discard(DASHBOARD_GROUP, channel)
                self.text, self._told = "", {}
                self._rows, self._rows_s = "null", float("-inf")

    async def _listen(self, layer: Any, channel: str) -> None:
        while True:
            vitals = WorkerVitals.from_message(await layer.receive(channel))
            if vitals.worker in self._told or len(self._told) < MAX_WORKERS:
                self._told[vitals.worker] = (time.monotonic(), vitals.text)

    async def _refresh(self, layer: Any, channel: str) -> None:
        """Read rows and ask the workers to go on telling, now and then."""
        if time.monotonic() - self._rows_s < ROWS_S:
            return
        self._rows_s = time.monotonic()
        # Again and again: a layer that was restarted has forgotten its groups.
        await layer.group_add(DASHBOARD_GROUP, channel)
        try:
            self._rows, channels = await database_sync_to_async(_read_rows)()
        except DatabaseError as error:
            logger.warning("The dashboard cannot read rows: %s", error)
            return
        for worker_channel in channels:
            try:
                await layer.send(worker_channel, WatchCalls().to_message())
            except ChannelFull:
                logger.debug("%s is full; asked again soon", worker_channel)

    async def _update(self) -> None:
        """Put the next update together and send it to everybody."""
        oldest_s = time.monotonic() - FRESH_S
        self._told = {k: told for k, told in self._told.items() if told[0] > oldest_s}
        self._fails = False
        self.number += 1
        self.text = self._join_texts()
        for viewer in tuple(self._viewers):
            try:
                await viewer.show(self.number, self.text)
            except Exception:
                logger.exception("A viewer of the dashboard is lost")
                self.leave(viewer)

    def _join_texts(self) -> str:
        """What workers told is JSON already: nothing is parsed to be written again."""
        workers = ",".join(text for _, text in self._told.values())
        now_ms = round(time.time() * 1000)
        return (
            f'{{"number":{self.number},"at":{now_ms},'
            f'"rows":{self._rows},"workers":[{workers}]}}'
        )


def _read_rows() -> tuple[str, list[str]]:
    """Rows as JSON, and the channels of the workers that are there."""
    workers, day = services.worker_lines(), services.today()
    rows = {
        "calls": [
            {
                "id": call.call_id,
                "room": call.room_token,
                "state": call.state,
                "language": call.language,
                "recipients": call.recipients,
                "since": round(call.since.timestamp() * 1000),
            }
            for call in services.open_calls()
        ],
        "workers": [
            {
                "name": worker.name,
                "speakers": worker.speakers,
                "seen": round(worker.seen_at.timestamp() * 1000),
                "alive": worker.is_alive,
            }
            for worker in workers
        ],
        "today": {"speech_s": round(day.speech_s), "stt_s": round(day.stt_s)},
    }
    text = json.dumps(rows, separators=(",", ":"))
    return text, [worker.channel for worker in workers if worker.is_alive]


board = Board()
"The one of this process; the background work of `serve` runs it."
