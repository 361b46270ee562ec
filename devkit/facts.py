# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What a Nextcloud tells everybody of itself: versions, maintenance, capabilities."""

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from aiohttp import web

from devkit.ocs import ocs


@dataclass(slots=True)
class NextcloudFacts:
    """Versions of the stand-in, and how wrong its clock is."""

    version: str = "32.0.2"
    talk: str = "22.0.3"
    "Empty: Talk is not installed."
    maintenance: bool = False
    clock_ahead_s: float = 0.0

    def routes(self) -> list[web.RouteDef]:
        """`status.php` and the capabilities."""
        return [
            web.get("/status.php", self._status),
            web.get("/ocs/v2.php/cloud/capabilities", self._capabilities),
        ]

    async def _status(self, request: web.Request) -> web.Response:
        body = {
            "installed": True,
            "maintenance": self.maintenance,
            "needsDbUpgrade": False,
            "version": f"{self.version}.1",
            "versionstring": self.version,
            "productname": "Nextcloud",
            "extendedSupport": False,
        }
        response = web.json_response(body)
        date = formatdate(time.time() + self.clock_ahead_s, usegmt=True)
        response.headers["Date"] = date
        return response

    async def _capabilities(self, request: web.Request) -> web.Response:
        """As a guest sees them."""
        major, minor, micro = (int(part) for part in self.version.split("."))
        version = {
            "major": major,
            "minor": minor,
            "micro": micro,
            "string": self.version,
            "edition": "",
            "extendedSupport": False,
        }
        capabilities: dict[str, Any] = {"core": {"pollinterval": 60}}
        if self.talk:
            capabilities["spreed"] = {
                "version": self.talk,
                "features": ["signaling-v3"],
            }
        return ocs({"version": version, "capabilities": capabilities}, 200)
