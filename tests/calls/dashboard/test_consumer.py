# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The WebSocket: operators only, and as fast as the viewer takes it."""

import json
from typing import Any, cast

import pytest
from channels.testing import WebsocketCommunicator
from pytest_django.fixtures import Settings

from calls.dashboard.board import Board, board
from calls.dashboard.consumer import MAX_BEHIND, DashboardConsumer, may_watch
from livetranscription.asgi import application
from tests.calls.conftest import appapi_headers
from tests.calls.dashboard.boards import _quick, running, until

__all__ = ["_quick"]

PATH = "/ws/dashboard"

# Channels looks after connections to the database at each message.
pytestmark = pytest.mark.django_db(transaction=True)


def through_nextcloud(user: str, path: str = PATH) -> WebsocketCommunicator:
    """A socket as HaRP passes it on."""
    headers = {
        "host": "cloud.example.com",
        "origin": "https://cloud.example.com",
        **appapi_headers(user),
    }
    encoded = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    return WebsocketCommunicator(application, path, headers=encoded)


def viewer_of(one: Board, **scope: Any) -> WebsocketCommunicator:
    """A socket at a board, past all that stands before it."""
    communicator = WebsocketCommunicator(DashboardConsumer.as_asgi(board=one), PATH)
    cast("dict[str, Any]", communicator.scope).update(scope)
    return communicator


async def test_an_administrator_is_shown_updates() -> None:
    async with running(board):
        socket = through_nextcloud("admin")
        assert await socket.connect() == (True, None)
        update = json.loads(await socket.receive_from(5))
        assert set(update) == {"number", "at", "rows", "workers"}
        await socket.disconnect()
    assert board.viewers == 0


@pytest.mark.parametrize(
    ("user", "path", "code"), [("", PATH, 4403), ("admin", "/ws/other", 4404)]
)
async def test_others_and_other_paths_are_closed(
    user: str, path: str, code: int
) -> None:
    assert await through_nextcloud(user, path).connect() == (False, code)


async def test_without_a_nextcloud_administrator_there_is_nothing() -> None:
    assert await viewer_of(Board()).connect() == (False, 4403)


async def test_who_does_not_keep_up_is_left_out_and_not_buffered() -> None:
    one = Board()
    socket = viewer_of(one, is_operator=True)
    await socket.connect()
    (viewer,) = one._viewers

    async def show(numbers: range) -> int:
        for number in numbers:
            one.number = number
            await viewer.show(number, str(number))
        sent: int = socket.output_queue.qsize()
        for _ in range(sent):
            await socket.receive_from()
        return sent

    assert await show(range(7, 40)) == MAX_BEHIND
    for garbage in ("-1", "x" * 1000, "٣", "{}"):
        await socket.send_to(text_data=garbage)
    await socket.send_to(bytes_data=b"39")
    assert await show(range(40, 42)) == 0
    await socket.send_to(text_data="999999999999")  # believed up to the newest
    await until(lambda: cast("DashboardConsumer", viewer)._answered == 41)
    assert await show(range(42, 80)) == MAX_BEHIND - 1
    await socket.disconnect()
    assert one.viewers == 0


@pytest.mark.parametrize(
    ("debug", "is_staff", "origin", "allowed"),
    [
        (True, True, b"http://here:1", True),
        (True, False, b"http://here:1", False),
        (True, True, b"http://elsewhere", False),
        (False, True, b"http://here:1", False),
    ],
)
def test_passwords_are_for_development(
    settings: Settings, debug: bool, is_staff: bool, origin: bytes, allowed: bool
) -> None:
    settings.DEBUG = debug
    user = type("Staff", (), {"is_staff": is_staff})()
    headers = [(b"host", b"here:1"), (b"origin", origin)]
    assert may_watch({"user": user, "headers": headers}) is allowed
