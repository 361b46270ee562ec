# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The manifest's routes as the two proxies match them.

Sources: nextcloud/app_api, `lib/Controller/ExAppProxyController.php`; nextcloud/HaRP,
`haproxy_agent.py`.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

MANIFEST = Path(__file__).resolve().parent.parent / "appinfo" / "info.xml"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose browser it is."""

    user_id: str = ""
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route."""

    url: str
    verbs: frozenset[str]
    access_level: str
    headers_to_exclude: frozenset[str]

    def admits(self, visitor: Visitor) -> bool:
        """Whether somebody may use it."""
        match self.access_level:
            case "PUBLIC":
                return True
            case "USER":
                return bool(visitor.user_id)
            case _:
                return visitor.is_admin


def declared_routes() -> list[Route]:
    """As AppAPI reads them when the app is registered."""
    root = ET.parse(MANIFEST).getroot()  # noqa: S314 - our own file
    return [
        Route(
            url=element.findtext("url", ""),
            verbs=frozenset(element.findtext("verb", "").split(",")),
            access_level=element.findtext("access_level", ""),
            headers_to_exclude=frozenset(
                re.findall(r'"([^"]+)"', element.findtext("headers_to_exclude", ""))
            ),
        )
        for element in root.findall("external-app/routes/route")
    ]


def php_match(routes: list[Route], verb: str, path: str) -> Route | None:
    """First match of pattern and verb, whatever the case."""
    for route in routes:
        found = re.match(route.url, f"/{path}", re.IGNORECASE)
        if found is not None and verb in route.verbs:
            return route
    return None


def harp_match(routes: list[Route], path: str) -> Route | None:
    """First match of the pattern; the verb does not matter."""
    for route in routes:
        if re.match(route.url, f"/{path}") is not None:
            return route
    return None
