# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Channels adapter: control messages from the web side wake a room."""

from typing import Any, Protocol

from channels.consumer import AsyncConsumer

from calls.control import WakeCall


class Wakeable(Protocol):
    """What a consumer hands its messages to."""

    def wake(self, room_token: str) -> None:
        """Look at the wishes of this room; must return at once."""


class CallConsumer(AsyncConsumer):
    """Hands over and returns: one consumer serves all rooms of a worker in turn."""

    def __init__(self, registry: Wakeable) -> None:
        super().__init__()
        self._registry = registry

    async def call_wake(self, message: dict[str, Any]) -> None:
        """`call.wake`: something about a room's wishes has changed."""
        self._registry.wake(WakeCall.from_message(message).room_token)
