# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A plain client of the simulated speech-to-text server, with its own encoding."""

import json
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np
import sphn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from devkit.engine import Samples
from devkit.stt import SttServer

FRAME = 1920
MODAL = {"Modal-Key": "test-key", "Modal-Secret": "test-secret"}
MOSHI = {"kyutai-api-key": "public_token"}


def modal(server: SttServer) -> connect:
    """Opens Modal's path with good credentials."""
    return _client(server.stream_url, MODAL)


def moshi(server: SttServer) -> connect:
    """Opens the path of moshi-server with good credentials."""
    return _client(server.moshi_url, MOSHI)


def _client(url: str, headers: dict[str, str]) -> connect:
    # Answers are read late here; a full queue would hold up the closing handshake.
    return connect(url, additional_headers=headers, compression=None, max_queue=None)


def frames(samples: Samples) -> Iterator[Samples]:
    """80 ms pieces; a rest is filled up with silence."""
    for start in range(0, len(samples), FRAME):
        piece = samples[start : start + FRAME]
        yield np.pad(piece, (0, FRAME - len(piece)))


def pcm_messages(samples: Samples) -> list[bytes]:
    """One message for each 80 ms."""
    return [frame.astype("<f4").tobytes() for frame in frames(samples)]


def ogg_messages(samples: Samples) -> list[bytes]:
    """One continuous Ogg Opus stream, one message for each 80 ms."""
    writer = sphn.OpusStreamWriter(24_000)
    return [writer.append_pcm(frame) for frame in frames(samples)]


def audio_messages(samples: Samples) -> list[bytes]:
    """MessagePack messages of 80 ms each."""
    return [packed("Audio", pcm=frame.tolist()) for frame in frames(samples)]


def packed(kind: str, **values: object) -> bytes:
    """A message for moshi-server."""
    data: bytes = msgpack.packb({"type": kind, **values}, use_single_float=True)
    return data


async def send_all(client: ClientConnection, messages: list[bytes]) -> None:
    """Sends messages as fast as the server takes them."""
    for message in messages:
        await client.send(message)


async def answers(client: ClientConnection) -> list[dict[str, Any]]:
    """All answers up to the close, of either kind of server."""
    found: list[dict[str, Any]] = []
    try:
        while True:
            found.append(parsed(await client.recv()))
    except ConnectionClosed:
        return found


def parsed(message: str | bytes) -> dict[str, Any]:
    """One answer."""
    found: dict[str, Any] = (
        json.loads(message) if isinstance(message, str) else msgpack.unpackb(message)
    )
    return found


async def answers_after(
    server: SttServer, client: ClientConnection, messages: list[bytes]
) -> list[dict[str, Any]]:
    """Sends messages, has the server close when it took them all; its answers."""
    record = server.open_records[-1]
    expected = record.messages + len(messages)
    await send_all(client, messages)
    await server.wait_until(lambda: record.answered >= expected)
    await server.close_connections(1000)
    return await answers(client)


def tokens(found: list[dict[str, Any]]) -> list[str]:
    """The texts of all tokens."""
    return [answer["text"] for answer in found if answer["type"] == "token"]


def of_type(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The answers of one type."""
    return [answer for answer in found if answer["type"] == kind]
