# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Outgoing requests to Nextcloud: AppAPI's lifecycle and Talk's signaling settings."""

import base64
import functools
import ssl
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.conf import settings

TIMEOUT_S = 10.0
LOG_TIMEOUT_S = 5.0
PROGRESS_TIMEOUT_S = 120.0
"At 100 Nextcloud enables the app within the same request, which takes its time."
OCS_OK = frozenset({100, 200})
"Status codes of OCS version 1 and 2."
APP_API = "/ocs/v1.php/apps/app_api"


class NextcloudError(Exception):
    """Nextcloud could not be asked or refused; the text holds no secret."""

    def __init__(self, text: str, *, retryable: bool = True, status: int = 0) -> None:
        super().__init__(text)
        self.retryable = retryable
        self.status = status
        "HTTP or OCS status of the answer; 0 without one."


@dataclass(frozen=True, slots=True)
class IceUrls:
    """One STUN or TURN entry of Talk's signaling settings."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SignalingSettings:
    """The part of Talk's signaling settings that media needs."""

    stun: tuple[IceUrls, ...]
    turn: tuple[IceUrls, ...]
    server: str = ""
    "The HPB that Talk itself uses; empty without one."


@dataclass(frozen=True, slots=True)
class Nextcloud:
    """Where Nextcloud is and who we are there."""

    base_url: str
    app_id: str
    app_version: str
    aa_version: str
    secret: str = field(repr=False)

    @classmethod
    def from_settings(cls) -> "Nextcloud":
        """As AppAPI has set the environment."""
        return cls(
            base_url=settings.NEXTCLOUD_URL,
            app_id=settings.APP_ID,
            app_version=settings.APP_VERSION,
            aa_version=settings.AA_VERSION,
            secret=settings.APP_SECRET,
        )

    async def report_progress(self, progress: int, error: str = "") -> None:
        """Tell AppAPI how far initialisation is; 100 makes it enable us."""
        body = {"progress": progress, "error": error}
        await self._ocs("PUT", f"{APP_API}/ex-app/status", body, PROGRESS_TIMEOUT_S)

    async def is_enabled(self) -> bool:
        """Whether AppAPI counts this app as enabled."""
        return bool(await self._ocs("GET", f"{APP_API}/ex-app/state"))

    async def public_url(self) -> str:
        """Nextcloud's URL as browsers and the HPB know it."""
        path = f"{APP_API}/api/v1/info/nextcloud_url/absolute?url=/"
        data = await self._ocs("GET", path)
        url = data.get("absolute_url") if isinstance(data, dict) else None
        if not isinstance(url, str) or not url:
            raise NextcloudError("Nextcloud did not tell its public URL")
        return url.rstrip("/").removesuffix("/index.php")

    async def register(self, path: str, body: dict[str, Any]) -> None:
        """Have AppAPI keep something of us; again is fine."""
        await self._ocs("POST", f"{APP_API}/api/v1/{path}", body)

    async def unregister(self, path: str, body: dict[str, Any]) -> None:
        """Have AppAPI forget it."""
        await self._ocs("DELETE", f"{APP_API}/api/v1/{path}", body)

    async def write_log(self, level: int, message: str) -> None:
        """A line in Nextcloud's log: 0 debug, 1 info, 2 warning, 3 error, 4 fatal."""
        body = {"level": level, "message": message}
        await self._ocs("POST", f"{APP_API}/api/v1/log", body, LOG_TIMEOUT_S)

    async def signaling_settings(self) -> SignalingSettings:
        """Talk's STUN and TURN servers; TURN credentials expire."""
        path = "/ocs/v2.php/apps/spreed/api/v3/signaling/settings"
        data = await self._ocs("GET", path)
        if not isinstance(data, dict):
            raise NextcloudError("Talk's signaling settings are malformed")
        return SignalingSettings(
            stun=_ice_urls(data.get("stunservers")),
            turn=_ice_urls(data.get("turnservers")),
            server=_text(data.get("server")),
        )

    async def capabilities(self) -> dict[str, Any]:
        """Version and capabilities, as Nextcloud shows them to strangers."""
        data = await self._ocs("GET", "/ocs/v2.php/cloud/capabilities")
        if not isinstance(data, dict):
            raise NextcloudError("Nextcloud's capabilities are malformed")
        return data

    async def _ocs(
        self, method: str, path: str, body: Any = None, timeout_s: float = TIMEOUT_S
    ) -> Any:
        """One OCS request; returns `data` of the envelope."""
        if not self.base_url:
            raise NextcloudError("NEXTCLOUD_URL is not set", retryable=False)
        try:
            async with httpx.AsyncClient(
                timeout=timeout_s, verify=tls_context()
            ) as client:
                response = await client.request(
                    method, self.base_url + path, json=body, headers=self._headers()
                )
        except httpx.HTTPError as error:
            raise NextcloudError(
                f"Nextcloud cannot be reached ({type(error).__name__})"
            ) from error
        if response.status_code != httpx.codes.OK:
            raise NextcloudError(
                f"Nextcloud answers HTTP {response.status_code}",
                status=response.status_code,
            )
        return _data(response)

    def _headers(self) -> dict[str, str]:
        """AppAPI's headers for a call in nobody's name."""
        token = base64.b64encode(f":{self.secret}".encode()).decode()
        return {
            "AA-VERSION": self.aa_version,
            "EX-APP-ID": self.app_id,
            "EX-APP-VERSION": self.app_version,
            "AUTHORIZATION-APP-API": token,
            "OCS-APIRequest": "true",
            "Accept": "application/json",
        }


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Made once: reading the certificates takes the event loop's time."""
    return httpx.create_ssl_context()


def _data(response: httpx.Response) -> Any:
    """OCS answers 200 even to failures: the truth is in the envelope."""
    try:
        envelope = response.json()
        code = envelope["ocs"]["meta"]["statuscode"]
        data = envelope["ocs"]["data"]
    except (ValueError, KeyError, TypeError):
        raise NextcloudError("Nextcloud's answer is not an OCS envelope") from None
    if code not in OCS_OK:
        status = code if isinstance(code, int) else 0
        raise NextcloudError(
            f"Nextcloud answers with OCS status {code!s:.20}", status=status
        )
    return data


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _ice_urls(entries: Any) -> tuple[IceUrls, ...]:
    if not isinstance(entries, list):
        return ()
    servers = []
    for entry in entries[:20]:
        urls = entry.get("urls") if isinstance(entry, dict) else None
        urls = [urls] if isinstance(urls, str) else urls
        if isinstance(urls, list) and all(isinstance(url, str) for url in urls):
            username, credential = entry.get("username"), entry.get("credential")
            servers.append(
                IceUrls(
                    tuple(urls),
                    username if isinstance(username, str) else "",
                    credential if isinstance(credential, str) else "",
                )
            )
    return tuple(servers)
