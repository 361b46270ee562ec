# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The dashboard's WebSocket: an update a second, as long as the viewer keeps up.

The browser answers some of the updates with their number. Who has not answered for
`MAX_BEHIND` updates gets none until an answer comes: what waits in the buffers of a
slow connection is bounded, and what it missed is old news anyway.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.conf import settings
from django.urls import path, re_path

from calls.dashboard.board import Board, board

MAX_BEHIND = 10
FORBIDDEN = 4403
NOT_FOUND = 4404
TOO_MANY = 4429
MAX_ANSWER_CHARS = 20


def may_watch(scope: Mapping[str, Any]) -> bool:
    """Nextcloud's administrators; while DEBUG is on also staff with a password."""
    if scope.get("is_operator"):
        return True
    user = scope.get("user")
    return bool(settings.DEBUG and user and user.is_staff and _is_same_site(scope))


def _is_same_site(scope: Mapping[str, Any]) -> bool:
    headers = dict(scope["headers"])
    origin = urlsplit(headers.get(b"origin", b"").decode("latin-1"))
    return bool(origin.netloc == headers.get(b"host", b"").decode("latin-1"))


class DashboardConsumer(AsyncWebsocketConsumer):
    """One viewer of the board."""

    channel_layer_alias = ""  # the board listens for all viewers

    def __init__(self, board: Board) -> None:
        super().__init__()
        self._board = board
        self._answered: int | None = None

    async def connect(self) -> None:
        """Let operators in."""
        if not may_watch(self.scope):
            await self.close(code=FORBIDDEN)
        elif not self._board.join(self):
            await self.close(code=TOO_MANY)
        else:
            await self.accept()

    async def show(self, number: int, text: str) -> None:
        """Send an update, unless this viewer has not taken the last ones yet."""
        if self._answered is None:
            self._answered = number
        if number - self._answered < MAX_BEHIND:
            await self.send(text_data=text)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """The number of an update that has arrived; nothing else means anything."""
        answer = (text_data or "")[:MAX_ANSWER_CHARS]
        if self._answered is not None and answer.isascii() and answer.isdecimal():
            number = min(int(answer), self._board.number)
            self._answered = max(self._answered, number)

    async def disconnect(self, code: int) -> None:
        """The viewer has gone."""
        self._board.leave(self)


class Nowhere(AsyncWebsocketConsumer):
    """There is no other WebSocket here."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        """Close at once."""
        await self.close(code=NOT_FOUND)


watching: Any = DashboardConsumer.as_asgi(board=board)
nothing: Any = Nowhere.as_asgi()
routes: Any = [path("ws/dashboard", watching), re_path("", nothing)]
sockets: Any = URLRouter(routes)
if settings.DEBUG:  # there are no sessions otherwise
    sockets = AuthMiddlewareStack(sockets)
