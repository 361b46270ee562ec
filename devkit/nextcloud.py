# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A stand-in for Nextcloud with AppAPI and Talk: what the HPB and the app ask of it.

Rooms and people live in memory. It checks every secret that the real one checks.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from typing import Any, Self

import httpx
from aiohttp import web

from devkit.facts import NextcloudFacts
from devkit.listening import listen
from devkit.ocs import ocs, refusal
from devkit.people import HpbLink, Person, Record, Trouble
from devkit.talk import AppCredentials, TalkClient

HOST = "127.0.0.1"
MODERATED_PUBLIC_ROOM = 3
HPB_TIMEOUT_S = 10.0
ENABLE_TIMEOUT_S = 30.0
ENTRY_KINDS = ("ui/top-menu", "ui/script", "occ_command")


class NextcloudStandIn:
    """Used as `async with`; `app_url` may be set once the app is up."""

    def __init__(self, credentials: AppCredentials, *, port: int = 0) -> None:
        self.credentials = credentials
        self.backend_secret = secrets.token_hex(16)
        self.app_url = ""
        self.hpb: HpbLink | None = None
        self.enabled = False
        self.stun_servers: list[dict[str, Any]] = []
        self.turn_servers: list[dict[str, Any]] = []
        self.facts = NextcloudFacts()
        self.record = Record()
        self.trouble = Trouble()
        self._enabled_app = asyncio.Event()
        self._people: dict[str, dict[str, Person]] = {}
        self._notifying = asyncio.Lock()
        self._port = port

    @property
    def url(self) -> str:
        """Base URL of this Nextcloud."""
        return f"http://{HOST}:{self._port}"

    @property
    def talk(self) -> TalkClient:
        """Talk, calling the app."""
        return TalkClient(self.app_url, self.credentials)

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._have_trouble])
        app_api = "/ocs/v1.php/apps/app_api"
        signaling = "/ocs/v2.php/apps/spreed/api/{version}/signaling"
        application.add_routes(
            [
                *self.facts.routes(),
                web.get(f"{app_api}/ex-app/state", self._state),
                web.put(f"{app_api}/ex-app/status", self._status),
                web.get(f"{app_api}/api/v1/info/nextcloud_url/absolute", self._public),
                web.post(f"{app_api}/api/v1/log", self._log),
                *(
                    web.route(method, f"{app_api}/api/v1/{kind}", self._entry)
                    for method in ("POST", "DELETE")
                    for kind in ENTRY_KINDS
                ),
                web.get(f"{signaling}/settings", self._settings),
                web.post(f"{signaling}/backend", self._backend),
            ]
        )
        self._runner, self._port = await listen(application, self._port)
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._runner.cleanup()

    def await_enabling(self) -> None:
        """From now on `wait_enabled` waits for the next time."""
        self._enabled_app.clear()

    async def wait_enabled(self) -> None:
        """Wait until the app has reported 100 and was enabled; 30 s at most."""
        async with asyncio.timeout(ENABLE_TIMEOUT_S):
            await self._enabled_app.wait()

    # --- People -------------------------------------------------------------------

    def add_person(self, room_token: str, user_id: str, display_name: str) -> Person:
        """Somebody opens the conversation; the ticket for the HPB is the user id."""
        session_id = f"{user_id}-{secrets.token_hex(24)}"
        person = Person(user_id, display_name, session_id)
        self._people.setdefault(room_token, {})[session_id] = person
        return person

    def keep_person(self, room_token: str, person: Person) -> None:
        """Somebody whom the HPB reported as gone is still in the conversation."""
        self._people[room_token][person.nextcloud_session_id] = person

    async def set_in_call(self, room_token: str, person: Person, flags: int) -> None:
        """Somebody enters or leaves the call or changes devices; tells the HPB."""
        person.in_call = flags
        await self.notify(
            room_token,
            {
                "type": "incall",
                "incall": {
                    "incall": flags,
                    "changed": [person.as_talk_says()],
                    "users": [
                        other.as_talk_says()
                        for other in self._people[room_token].values()
                        if other.in_call
                    ],
                },
            },
        )

    async def end_call(self, room_token: str) -> None:
        """A moderator ends the call for everyone."""
        for person in self._people.get(room_token, {}).values():
            person.in_call = 0
        body = {"type": "incall", "incall": {"incall": 0, "all": True}}
        await self.notify(room_token, body)

    async def delete_room(self, room_token: str) -> None:
        """A moderator deletes the conversation."""
        await self.notify(room_token, {"type": "delete", "delete": {"userids": []}})

    async def notify(self, room_token: str, message: dict[str, Any]) -> None:
        """One request to the HPB at a time: it keeps the list it processed last."""
        if self.hpb is None:
            raise RuntimeError("no HPB is linked to this Nextcloud")
        body = json.dumps(message).encode()
        random = secrets.token_hex(32)
        headers = {
            "Content-Type": "application/json",
            "Spreed-Signaling-Random": random,
            "Spreed-Signaling-Checksum": self._checksum(random, body),
            "Spreed-Signaling-Backend": self.url,
        }
        async with self._notifying, httpx.AsyncClient(timeout=HPB_TIMEOUT_S) as client:
            url = f"{self.hpb.url}/api/v1/room/{room_token}"
            response = await client.post(url, content=body, headers=headers)
            response.raise_for_status()

    def is_checksum(self, checksum: str, random: str, body: bytes) -> bool:
        """Whether a request between us and the HPB carries the shared secret."""
        return hmac.compare_digest(checksum, self._checksum(random, body))

    def _checksum(self, random: str, body: bytes) -> str:
        key = self.backend_secret.encode()
        return hmac.new(key, random.encode() + body, hashlib.sha256).hexdigest()

    # --- What the app asks --------------------------------------------------------

    def _is_app(self, request: web.Request) -> bool:
        """AppAPI's checks of a request from the app."""
        token = base64.b64encode(f":{self.credentials.secret}".encode()).decode()
        known = (
            request.headers.get("EX-APP-ID") == self.credentials.app_id
            and bool(request.headers.get("EX-APP-VERSION"))
            and hmac.compare_digest(
                request.headers.get("AUTHORIZATION-APP-API", ""), token
            )
        )
        self.record.refused += not known
        return known

    @web.middleware
    async def _have_trouble(self, request: web.Request, handler: Any) -> Any:
        """What a slow or broken Nextcloud does to every request of the app."""
        if request.path.endswith("/backend"):
            return await handler(request)  # the HPB's
        trouble = self.trouble
        if trouble.delay_s:
            await asyncio.sleep(trouble.delay_s)
        if trouble.status:
            self.record.troubled += 1
            return web.Response(status=trouble.status, text="<html>Trouble</html>")
        if trouble.ocs_status:
            self.record.troubled += 1
            return ocs([], trouble.ocs_status)
        return await handler(request)

    async def _state(self, request: web.Request) -> web.Response:
        if not self._is_app(request):
            return refusal()
        return ocs(int(self.enabled), 100)

    async def _status(self, request: web.Request) -> web.Response:
        """At 100 the real one enables the app within this very request."""
        if not self._is_app(request):
            return refusal()
        body = await request.json()
        self.record.progress.append(body["progress"])
        if body.get("error"):
            self.record.errors.append(body["error"])
        elif body["progress"] == 100 and self.app_url:
            self.enabled = True
            await self.talk.heartbeat()
            await self.talk.set_enabled(True)
            self._enabled_app.set()
        return ocs([], 100)

    async def _public(self, request: web.Request) -> web.Response:
        if not self._is_app(request) or not self.enabled:
            return refusal()
        return ocs({"absolute_url": f"{self.url}/"}, 100)

    async def _log(self, request: web.Request) -> web.Response:
        if not self._is_app(request) or not self.enabled:
            return refusal()
        body = await request.json()
        self.record.log.append(body["message"])
        self.record.log_levels.append(body["level"])
        return ocs([], 100)

    async def _entry(self, request: web.Request) -> web.Response:
        """Kept until it is removed, whether the app runs or not."""
        if not self._is_app(request) or not self.enabled:
            return refusal()
        kind = request.path.partition("/api/v1/")[2]
        body = await request.json()
        return ocs([], self.record.keep(request.method, kind, body))

    async def _settings(self, request: web.Request) -> web.Response:
        if not self._is_app(request) or not self.enabled:
            return refusal()
        body = {
            "stunservers": self.stun_servers,
            "turnservers": self.turn_servers,
            "server": self.hpb.url if self.hpb else "",
        }
        return ocs(body, 200)

    # --- What the HPB asks --------------------------------------------------------

    async def _backend(self, request: web.Request) -> web.Response:
        body = await request.read()
        random = request.headers.get("Spreed-Signaling-Random", "")
        checksum = request.headers.get("Spreed-Signaling-Checksum", "")
        if not self.is_checksum(checksum, random, body):
            return ocs({"type": "error", "error": {"code": "invalid_request"}}, 200)
        return ocs(self.answer_backend(json.loads(body)), 200)

    def answer_backend(self, message: dict[str, Any]) -> dict[str, Any]:
        """What Talk answers to the HPB."""
        match message:
            case {"type": "auth", "auth": {"params": {"userid": user_id}}}:
                user = {"displayname": self._name(user_id)}
                return {
                    "type": "auth",
                    "auth": {"version": "1.0", "userid": user_id, "user": user},
                }
            case {"type": "room", "room": {"roomid": room_token} as room}:
                return self._answer_room(room_token, room)
            case {"type": "ping", "ping": {"roomid": room_token}}:
                return {
                    "type": "ping",
                    "ping": {"version": "1.0", "roomid": room_token},
                }
            case _:
                return {"type": "error", "error": {"code": "unknown_type"}}

    def _answer_room(self, room_token: str, room: dict[str, Any]) -> dict[str, Any]:
        people = self._people.get(room_token, {})
        session_id = room.get("sessionid", "")
        if room.get("action") == "leave":
            people.pop(session_id, None)
        elif session_id not in people:
            return {"type": "error", "error": {"code": "no_such_room"}}
        properties = {"name": room_token, "type": MODERATED_PUBLIC_ROOM}
        return {
            "type": "room",
            "room": {"version": "1.0", "roomid": room_token, "properties": properties},
        }

    def _name(self, user_id: str) -> str:
        for people in self._people.values():
            for person in people.values():
                if person.user_id == user_id:
                    return person.display_name
        return user_id
