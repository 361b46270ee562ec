# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""An ordinary Talk client on the HPB's websocket: a browser without its windows."""

import asyncio
import itertools
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from devkit.nextcloud import NextcloudStandIn
from devkit.people import Person

logger = logging.getLogger(__name__)

REPLY_TIMEOUT_S = 10.0
CAPTIONS = 10_000
IN_CALL = 1
WITH_AUDIO = 2
WITH_VIDEO = 4


@dataclass(frozen=True, slots=True)
class ReceivedCaption:
    """A `transcript` message as it reached one participant."""

    text: str
    language: str
    speaker_session_id: str
    final: bool
    room_type: str
    sender: str
    received_s: float
    "Monotonic seconds."
    raw: dict[str, Any] = field(repr=False)


class Participant:
    """Somebody in a room, as `async with`; reads captions, publishes nothing."""

    in_call_flags = IN_CALL

    def __init__(
        self,
        nextcloud: NextcloudStandIn,
        room_token: str,
        name: str,
    ) -> None:
        self.nextcloud = nextcloud
        self.room_token = room_token
        self.name = name
        self.person: Person = nextcloud.add_person(room_token, name.lower(), name)
        self.session_id = ""
        self.captions: list[ReceivedCaption] = []
        self.bots_left = 0
        "Internal clients that were seen leaving the room."
        self._bots: set[str] = set()
        self._ids = itertools.count(1)
        self._news = asyncio.Event()
        self._replies: asyncio.Queue[dict[str, Any]] = asyncio.Queue(100)
        self._tasks = asyncio.TaskGroup()
        self._socket: ClientConnection | None = None

    @property
    def nextcloud_session_id(self) -> str:
        """What Talk sends when this participant presses CC."""
        return self.person.nextcloud_session_id

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        await self._tasks.__aexit__(kind, error, traceback)

    async def connect(self) -> None:
        """Say hello with a ticket and enter the room; not the call yet."""
        hpb = self.nextcloud.hpb
        if hpb is None:
            raise RuntimeError("no HPB is linked to this Nextcloud")
        url = hpb.url.replace("http", "ws", 1) + "/spreed"
        self._socket = await connect(url, max_size=None, compression=None)
        self._tasks.create_task(self._read(self._socket))
        await self._reply("welcome")
        await self.send({"type": "hello", "hello": self._hello()})
        hello = await self._reply("hello")
        self.session_id = hello["hello"]["sessionid"]
        room = {"roomid": self.room_token, "sessionid": self.nextcloud_session_id}
        await self.send({"type": "room", "room": room})
        await self._reply("room")

    async def close(self) -> None:
        """Leave the call and the room, politely."""
        if self._socket is None:
            return
        socket, self._socket = self._socket, None
        try:
            await socket.send(json.dumps({"type": "bye", "bye": {}}))
        except ConnectionClosed:
            logger.debug("%s had lost the HPB already", self.name)
        await socket.close()

    async def reconnect(self) -> None:
        """Come back with a new HPB session and the old Nextcloud session."""
        await self.close()
        self.nextcloud.keep_person(self.room_token, self.person)
        await self.connect()
        await self.enter_call()

    async def drop(self) -> None:
        """Lose the connection without a word, as a crashed browser does."""
        if self._socket is not None:
            socket, self._socket = self._socket, None
            socket.transport.abort()

    async def enter_call(self) -> None:
        """Join the call, as Talk tells Nextcloud and Nextcloud tells the HPB."""
        await self.set_in_call(self.in_call_flags)

    async def leave_call(self) -> None:
        """Leave the call, but stay in the room."""
        await self.set_in_call(0)

    async def set_in_call(self, flags: int) -> None:
        """Change the flags in the call."""
        await self.nextcloud.set_in_call(self.room_token, self.person, flags)

    async def press_cc(self, enable: bool = True, language: str | None = None) -> None:
        """Switch captions on or off; raises if the app refuses."""
        response = await self.nextcloud.talk.transcribe(
            self.room_token,
            self.nextcloud_session_id,
            enable,
            language,
            user_id=self.person.user_id,
        )
        response.raise_for_status()

    def words_of(self, speaker: "Participant") -> list[str]:
        """Words of one speaker as captions brought them, in order."""
        return [
            word
            for caption in self.captions
            if caption.speaker_session_id == speaker.session_id
            for word in caption.text.split()
        ]

    async def wait_until(
        self, holds: Callable[[], bool], timeout_s: float = 15.0
    ) -> None:
        """Wait until `holds`, looked at after each message; raises `TimeoutError`."""
        async with asyncio.timeout(timeout_s):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def wait_for_captions(self, count: int, timeout_s: float = 15.0) -> None:
        """Wait until so many captions have come in all; raises `TimeoutError`."""
        await self.wait_until(lambda: len(self.captions) >= count, timeout_s)

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message to the HPB."""
        if self._socket is None:
            raise RuntimeError(f"{self.name} is not connected")
        body = {"id": str(next(self._ids)), **message}
        await self._socket.send(json.dumps(body))

    async def on_data(self, sender: str, data: dict[str, Any]) -> None:
        """A message of another session; captions are handled already."""

    def _hello(self) -> dict[str, Any]:
        """The ticket is checked by the stand-in, which knows the user."""
        base = f"{self.nextcloud.url}/ocs/v2.php/apps/spreed/api/v3/signaling/backend"
        user_id = self.person.user_id
        params = {"userid": user_id, "ticket": f"ticket-{user_id}"}
        return {"version": "1.0", "auth": {"url": base, "params": params}}

    async def _reply(self, kind: str) -> dict[str, Any]:
        """The next reply of a kind; raises `RuntimeError` for an error instead."""
        async with asyncio.timeout(REPLY_TIMEOUT_S):
            while True:
                reply = await self._replies.get()
                if reply["type"] == "error":
                    raise RuntimeError(f"{self.name}: {reply['error']}")
                if reply["type"] == kind:
                    return reply

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                await self._take(json.loads(text))
                self._news.set()
        except ConnectionClosed:
            logger.debug("%s lost the HPB", self.name)

    async def _take(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "message", "message": {"sender": sender, "data": data}}:
                session_id = sender.get("sessionid", "")
                if data.get("type") == "transcript":
                    self._take_caption(session_id, data)
                else:
                    await self.on_data(session_id, data)
            case {"type": "event", "event": {"update": {"users": users}}}:
                self._bots |= {u["sessionId"] for u in users if u.get("internal")}
            case {"type": "event", "event": {"target": "room", "leave": left}}:
                self.bots_left += len(self._bots & set(left))
                self._bots -= set(left)
            case {"type": "welcome" | "hello" | "room" | "error"}:
                if not self._replies.full():
                    self._replies.put_nowait(message)

    def _take_caption(self, sender: str, data: dict[str, Any]) -> None:
        if len(self.captions) < CAPTIONS:
            self.captions.append(
                ReceivedCaption(
                    text=data.get("message", ""),
                    language=data.get("langId", ""),
                    speaker_session_id=data.get("speakerSessionId", ""),
                    final=data.get("final") is True,
                    room_type=data.get("roomType", ""),
                    sender=sender,
                    received_s=time.monotonic(),
                    raw=data,
                )
            )


class Viewer(Participant):
    """Reads captions, without microphone and camera."""
