# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Channels adapter: control messages from the web side wake a room."""

from typing import Any, Protocol

from channels.consumer import AsyncConsumer

from calls.control import PreviewCall, ReconnectSpeaker, WakeCall


class Wakeable(Protocol):
    """What a consumer hands its messages to."""

    def wake(self, room_token: str) -> None:
        """Look at the wishes of this room; must return at once."""

    def watch(self) -> None:
        """Tell dashboards how calls go, for a while."""

    def preview(self, room_token: str, *, is_on: bool) -> None:
        """Let dashboards show the words of a room's call, or not any more."""

    def reconnect(self, room_token: str, session_id: str) -> None:
        """Begin with a speaker anew."""

    def retry(self) -> None:
        """Ask the HPB again although it has refused us."""


class CallConsumer(AsyncConsumer):
    """Hands over and returns: one consumer serves all rooms of a worker in turn."""

    def __init__(self, registry: Wakeable) -> None:
        super().__init__()
        self._registry = registry

    async def call_wake(self, message: dict[str, Any]) -> None:
        """`call.wake`: something about a room's wishes has changed."""
        self._registry.wake(WakeCall.from_message(message).room_token)

    async def call_watch(self, message: dict[str, Any]) -> None:
        """`call.watch`: somebody looks at a dashboard."""
        self._registry.watch()

    async def call_preview(self, message: dict[str, Any]) -> None:
        """`call.preview`: an operator may see words, or not any more."""
        preview = PreviewCall.from_message(message)
        self._registry.preview(preview.room_token, is_on=preview.is_on)

    async def call_reconnect(self, message: dict[str, Any]) -> None:
        """`call.reconnect`: an operator wants a speaker to begin anew."""
        speaker = ReconnectSpeaker.from_message(message)
        self._registry.reconnect(speaker.room_token, speaker.session_id)

    async def call_retry(self, message: dict[str, Any]) -> None:
        """`call.retry`: an operator has mended what the HPB refused."""
        self._registry.retry()
