# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Publishes the sound of silence, so that there is something to receive."""

import asyncio
from collections.abc import Sequence

from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import AudioStreamTrack
from aiortc.sdp import candidate_from_sdp

from signaling.config import IceServer
from signaling.webrtc.receiver import DTLS_FAILED, WHY, dtls_failed

CLOSE_TIMEOUT_S = 3.0


class SilenceSender:
    """One peer connection of a publisher: an offer out, an answer in."""

    def __init__(self, ice_servers: Sequence[IceServer]) -> None:
        servers = [
            RTCIceServer(list(server.urls), server.username, server.credential)
            for server in ice_servers
        ]
        self._peer_connection = RTCPeerConnection(RTCConfiguration(servers))
        self._peer_connection.on("connectionstatechange", self._on_state)
        self._track = AudioStreamTrack()
        self._peer_connection.addTrack(self._track)
        self.connected = asyncio.Event()
        self._ended = asyncio.Event()
        self._why = ""

    async def offer(self) -> str:
        """SDP with all our candidates."""
        connection = self._peer_connection
        await connection.setLocalDescription(await connection.createOffer())
        return str(connection.localDescription.sdp)

    async def accept(self, answer_sdp: str) -> None:
        """Take the answer; raises `ValueError` and others of aiortc."""
        description = RTCSessionDescription(sdp=answer_sdp, type="answer")
        await self._peer_connection.setRemoteDescription(description)

    async def add_candidate(self, line: str) -> None:
        """One more of the other side; an empty one ends them."""
        line = line.removeprefix("candidate:")
        if line:
            candidate = candidate_from_sdp(line)
            candidate.sdpMLineIndex = 0
            await self._peer_connection.addIceCandidate(candidate)

    async def wait_closed(self) -> str:
        """Wait for the end of the connection; returns why it ended."""
        await self._ended.wait()
        return self._why

    async def aclose(self) -> None:
        """Close, in bounded time."""
        self._track.stop()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._peer_connection.close()
        except TimeoutError:
            return

    def _on_state(self) -> None:
        state = self._peer_connection.connectionState
        if state == "connected":
            self.connected.set()
        elif state in WHY:
            failed = dtls_failed(self._peer_connection)
            self._why = DTLS_FAILED if failed else WHY[state]
            self._ended.set()
