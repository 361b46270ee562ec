# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A camera as the network sees it: a megabit a second that nobody looks at."""

import asyncio
import secrets
import time
from fractions import Fraction
from typing import Any

import av
from aiortc import MediaStreamTrack

FRAMES_PER_S = 30
FRAME_BYTES = 4_200
CLOCK_HZ = 90_000


class CameraTrack(MediaStreamTrack):
    """Frames that are no picture; they are packed and sent as they are."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0
        self._started_s: float | None = None

    async def recv(self) -> "av.Packet[Any]":
        """The next frame, when it is due."""
        if self._started_s is None:
            self._started_s = time.monotonic()
        due_s = self._started_s + self._sent / FRAMES_PER_S
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        packet: av.Packet[Any] = av.Packet(secrets.token_bytes(FRAME_BYTES))
        packet.pts = self._sent * CLOCK_HZ // FRAMES_PER_S
        packet.time_base = Fraction(1, CLOCK_HZ)
        self._sent += 1
        return packet
