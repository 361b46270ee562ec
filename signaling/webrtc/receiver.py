# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One peer connection per publisher: an offer in, an answer and Opus packets out."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from aiortc import (
    RTCConfiguration,
    RTCIceCandidate,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)

from signaling.config import IceServer
from signaling.errors import NegotiationError
from signaling.webrtc.sdp import CandidateLine, parse_candidate
from signaling.webrtc.tap import PacketSink, packet_sink

logger = logging.getLogger(__name__)

MAX_EARLY_CANDIDATES = 64
NEGOTIATE_TIMEOUT_S = 8.0
"Includes gathering: a dead STUN server takes aioice 5 s to give up on."
CLOSE_TIMEOUT_S = 3.0
OPUS = " opus/48000"
WHY = {
    "failed": "no UDP way to the media server, or it was lost",
    "closed": "closed by the media server",
}
ENDED = frozenset(WHY)
DTLS_FAILED = (
    "DTLS failed: an RSA certificate at Janus? "
    "Set rsa_private_key = false in janus.jcfg, or give it an ECDSA certificate"
)
"aiortc speaks DTLS with ECDSA certificates only, Janus' default."


class OpusReceiver:
    """Receives one publisher's audio; video is refused, so none is ever sent."""

    def __init__(self, ice_servers: Sequence[IceServer], on_packet: PacketSink) -> None:
        self._on_packet = on_packet
        self._early: deque[CandidateLine] = deque(maxlen=MAX_EARLY_CANDIDATES)
        self._has_offer = False
        self._ended = asyncio.Event()
        self._why = "closed"
        self.connected = asyncio.Event()
        self.malformed_candidates = 0
        servers = [
            RTCIceServer(list(server.urls), server.username, server.credential)
            for server in ice_servers
        ]
        self._peer_connection = RTCPeerConnection(RTCConfiguration(servers))
        self._peer_connection.on("connectionstatechange", self._on_state)

    async def answer(self, offer_sdp: str) -> str:
        """Answer an offer, the first or a changed one; returns SDP with candidates.

        Raises `NegotiationError` if the offer is malformed or has no Opus audio.
        """
        # Receivers that aiortc builds in here get our tap.
        token = packet_sink.set(self._on_packet)
        try:
            async with asyncio.timeout(NEGOTIATE_TIMEOUT_S):
                return await self._negotiate(offer_sdp)
        except TimeoutError:
            raise NegotiationError("no answer could be made in time") from None
        except Exception as error:
            # A peer's SDP can make aiortc's parser raise almost anything.
            logger.debug("Offer refused", exc_info=True)
            raise NegotiationError(
                f"the offer cannot be answered ({type(error).__name__})"
            ) from error
        finally:
            packet_sink.reset(token)

    async def add_candidate(
        self, candidate: str, sdp_mid: str, sdp_mline_index: int
    ) -> None:
        """Add a candidate of the other side; early ones wait for the offer.

        All media is bundled into one transport, so `sdp_mid` does not matter.
        Malformed candidates are counted, empty ones (the end of them) ignored.
        """
        try:
            line = parse_candidate(candidate)
        except ValueError:
            self.malformed_candidates += 1
            return
        if line is None:
            return
        self._early.append(line)
        if self._has_offer:
            await self._add_early()

    async def wait_closed(self) -> str:
        """Wait for the end of the connection; returns why it ended."""
        await self._ended.wait()
        return self._why

    async def aclose(self) -> None:
        """Close; bounded, and harmless when done twice."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._peer_connection.close()
        except TimeoutError:
            logger.warning("A peer connection did not close in time")
        self._ended.set()

    async def _negotiate(self, offer_sdp: str) -> str:
        connection = self._peer_connection
        await connection.setRemoteDescription(
            RTCSessionDescription(sdp=offer_sdp, type="offer")
        )
        for transceiver in connection.getTransceivers():
            if transceiver.kind != "audio":
                # Accepted video would be decoded into a queue that nobody reads.
                transceiver.direction = "inactive"
        self._has_offer = True
        await self._add_early()
        answer = await connection.createAnswer()
        if OPUS not in answer.sdp.lower():
            # Telephone codecs would be accepted, and nobody would hear a word.
            raise ValueError("no Opus audio in the offer")
        await connection.setLocalDescription(answer)
        return str(connection.localDescription.sdp)

    async def _add_early(self) -> None:
        while self._early:
            line = self._early.popleft()
            await self._peer_connection.addIceCandidate(_ice_candidate(line))

    def _on_state(self) -> None:
        state = self._peer_connection.connectionState
        if state == "connected":
            self.connected.set()
        elif state in ENDED:
            failed = dtls_failed(self._peer_connection)
            self._why = DTLS_FAILED if failed else WHY[state]
            self._ended.set()


def dtls_failed(peer_connection: RTCPeerConnection) -> bool:
    """Whether packets came through, but the other side's certificate did not do."""
    transports = [t.receiver.transport for t in peer_connection.getTransceivers()]
    return any(
        dtls.state == "failed" and dtls.transport.state in ("connected", "completed")
        for dtls in transports
    )


def _ice_candidate(line: CandidateLine) -> RTCIceCandidate:
    return RTCIceCandidate(
        component=line.component,
        foundation=line.foundation,
        ip=line.address,
        port=line.port,
        priority=line.priority,
        protocol=line.protocol,
        type=line.type,
        sdpMLineIndex=0,
    )
