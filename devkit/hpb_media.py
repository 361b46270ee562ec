# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Media of the simulated HPB: real peer connections, in the middle of a call.

Audio is decoded and encoded again on its way, which the real one does not do.
"""

import asyncio
import itertools
import logging
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.contrib.media import MediaBlackhole, MediaRelay
from aiortc.sdp import candidate_from_sdp

logger = logging.getLogger(__name__)

_handles = itertools.count(4711)


class Publisher:
    """What one participant sends: one peer connection in, any number out."""

    def __init__(self) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration([]))
        self._connection.on("track", self._on_track)
        self._relay = MediaRelay()
        self._blackhole = MediaBlackhole()
        self._track: MediaStreamTrack | None = None
        self.ready = asyncio.Event()
        "Media can be subscribed to."

    async def answer(self, sdp: str) -> str:
        """Answer the participant's offer."""
        offer = RTCSessionDescription(sdp=sdp, type="offer")
        await self._connection.setRemoteDescription(offer)
        answer = await self._connection.createAnswer()
        await self._connection.setLocalDescription(answer)
        # A track nobody reads would grow without bound.
        await self._blackhole.start()
        self.ready.set()
        return str(self._connection.localDescription.sdp)

    def subscribe(self) -> MediaStreamTrack:
        """The audio, for one more listener; raises `RuntimeError` without any."""
        if self._track is None:
            raise RuntimeError("nothing is published")
        track: MediaStreamTrack = self._relay.subscribe(self._track)
        return track

    async def close(self) -> None:
        """Stop receiving."""
        await self._blackhole.stop()
        await self._connection.close()

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._track = track
            self._blackhole.addTrack(self._relay.subscribe(track))


class Subscriber:
    """One listener's peer connection to one publisher."""

    def __init__(self, publisher: Publisher) -> None:
        self.sid = str(next(_handles))
        self._connection = RTCPeerConnection(RTCConfiguration([]))
        self._connection.addTrack(publisher.subscribe())

    async def offer(self) -> str:
        """An offer without candidates, as Janus trickles them."""
        offer = await self._connection.createOffer()
        await self._connection.setLocalDescription(offer)
        return (
            "\r\n".join(
                line
                for line in self._connection.localDescription.sdp.splitlines()
                if not line.startswith(("a=candidate", "a=end-of-candidates"))
            )
            + "\r\n"
        )

    def candidates(self) -> list[dict[str, Any]]:
        """The candidates that the offer leaves out."""
        return [
            {"candidate": line[2:], "sdpMid": "0", "sdpMLineIndex": 0}
            for line in self._connection.localDescription.sdp.splitlines()
            if line.startswith("a=candidate")
        ]

    async def take_answer(self, sdp: str) -> None:
        """The listener's answer."""
        answer = RTCSessionDescription(sdp=sdp, type="answer")
        await self._connection.setRemoteDescription(answer)

    async def add_candidate(self, line: str) -> None:
        """A candidate of the listener."""
        line = line.removeprefix("candidate:")
        if line:
            candidate = candidate_from_sdp(line)
            candidate.sdpMLineIndex = 0
            await self._connection.addIceCandidate(candidate)

    async def close(self) -> None:
        """Stop sending."""
        await self._connection.close()
