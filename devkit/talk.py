# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Talk and AppAPI as they call the app: AppAPI headers, Talk's short time-out."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

TALK_TIMEOUT_S = 3.0
ENABLE_TIMEOUT_S = 60.0
INIT_TIMEOUT_S = 30.0
TLS = httpx.create_ssl_context()
"Made once: it takes longer than a request."


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """What AppAPI and the app share."""

    secret: str = field(repr=False)
    app_id: str = "live_transcription"
    app_version: str = "1.0.0"
    proxy_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    "What HaRP wants to know of each request; goes along to the app."

    def headers(self, user_id: str = "") -> dict[str, str]:
        """AppAPI's headers of a request in somebody's name."""
        token = base64.b64encode(f"{user_id}:{self.secret}".encode()).decode()
        return {
            "AA-VERSION": "32.0.0",
            "EX-APP-ID": self.app_id,
            "EX-APP-VERSION": self.app_version,
            "AUTHORIZATION-APP-API": token,
            "AA-REQUEST-ID": "devkit",
            **self.proxy_headers,
        }


@dataclass(frozen=True, slots=True)
class TalkClient:
    """Calls the app as Talk does; answers come back whatever their status."""

    app_url: str
    credentials: AppCredentials

    async def transcribe(
        self,
        room_token: str,
        nextcloud_session_id: str,
        enable: bool = True,
        language: str | None = None,
        user_id: str = "",
    ) -> httpx.Response:
        """Somebody presses CC; `langId` goes along only if the room has a language."""
        body: dict[str, Any] = {
            "roomToken": room_token,
            "ncSessionId": nextcloud_session_id,
            "enable": enable,
        }
        if language is not None:
            body["langId"] = language
        path = "/api/v1/call/transcribe"
        return await self.request("POST", path, json=body, user_id=user_id)

    async def set_language(self, room_token: str, language: str) -> httpx.Response:
        """A moderator chooses the room's language."""
        body = {"roomToken": room_token, "langId": language}
        return await self.request("POST", "/api/v1/call/set-language", json=body)

    async def languages(self) -> httpx.Response:
        """Before every CC-on, and for the settings dialog."""
        return await self.request("GET", "/api/v1/languages")

    async def capabilities(self) -> httpx.Response:
        """While Nextcloud builds its capabilities."""
        return await self.request("GET", "/capabilities")

    async def status(self) -> httpx.Response:
        """For operators."""
        return await self.request("GET", "/api/v1/status")

    async def leave(self, room_token: str) -> httpx.Response:
        """For operators."""
        body = {"roomToken": room_token}
        return await self.request("POST", "/api/v1/call/leave", json=body)

    async def heartbeat(self) -> httpx.Response:
        """Without AppAPI's headers, except under HaRP."""
        headers = self.credentials.headers() if self.credentials.proxy_headers else {}
        async with httpx.AsyncClient(timeout=TALK_TIMEOUT_S, verify=TLS) as client:
            return await client.get(f"{self.app_url}/heartbeat", headers=headers)

    async def init(self) -> httpx.Response:
        """After the first start."""
        return await self.request("POST", "/init", timeout_s=INIT_TIMEOUT_S)

    async def set_enabled(self, enabled: bool) -> httpx.Response:
        """AppAPI switches the app on or off."""
        path = f"/enabled?enabled={int(enabled)}"
        return await self.request("PUT", path, timeout_s=ENABLE_TIMEOUT_S)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        user_id: str = "",
        timeout_s: float = TALK_TIMEOUT_S,
    ) -> httpx.Response:
        """Any request with AppAPI's headers."""
        async with httpx.AsyncClient(timeout=timeout_s, verify=TLS) as client:
            return await client.request(
                method,
                self.app_url + path,
                json=json,
                headers=self.credentials.headers(user_id),
            )
