# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A real aiortc peer that publishes given Opus payloads, and maybe a camera."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from signaling.webrtc.receiver import OpusReceiver
from signaling.webrtc.tap import PacketSink

PACE_S = 0.002
"Far faster than speech; the tests have no time to lose."
STEP = 960
OPUS = 96
"Payload type that aiortc gives to Opus."


class PayloadTrack(MediaStreamTrack):
    """Sends payloads as they are, one after the other, then waits."""

    kind = "audio"

    def __init__(self, payloads: Iterable[bytes]) -> None:
        super().__init__()
        self._payloads = iter(list(payloads))
        self._position = 0
        self.started = asyncio.Event()

    async def recv(self) -> "av.Packet[Any]":
        """The next payload as a packet that is not encoded again."""
        await self.started.wait()
        await asyncio.sleep(PACE_S)
        payload = next(self._payloads, None)
        if payload is None:
            await asyncio.get_running_loop().create_future()
        packet: av.Packet[Any] = av.Packet(payload or b"")
        packet.pts = self._position
        packet.time_base = Fraction(1, 48_000)
        self._position += STEP
        return packet


class RtpPublisher:
    """One publisher; `offer` and `take_answer` as the HPB would pass them on."""

    def __init__(self, payloads: Iterable[bytes] = (), *, camera: bool = False) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration([]))
        self.track = PayloadTrack(payloads)
        self.sender = self.connection.addTrack(self.track)
        self.connected = asyncio.Event()
        self.connection.on("connectionstatechange", self._on_state)
        if camera:
            self.connection.addTrack(VideoStreamTrack())

    async def offer(self) -> str:
        """An offer with candidates."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def take_answer(self, sdp: str) -> None:
        """The receiver's answer."""
        answer = RTCSessionDescription(sdp=sdp, type="answer")
        await self.connection.setRemoteDescription(answer)

    async def send_rtp(
        self,
        payload: bytes,
        *,
        sequence: int = 0,
        payload_type: int = OPUS,
        ssrc: int = 1,
        level: tuple[bool, int] | None = None,
    ) -> None:
        """One hand-made RTP packet on the connection's transport."""
        packet = RtpPacket(
            payload_type=payload_type,
            sequence_number=sequence,
            timestamp=sequence * STEP,
            ssrc=ssrc,
            payload=payload,
        )
        packet.extensions.audio_level = level
        await self.sender.transport._send_rtp(packet.serialize(_extensions()))

    async def close(self) -> None:
        """Stop publishing."""
        await self.connection.close()

    def _on_state(self) -> None:
        if self.connection.connectionState == "connected":
            self.connected.set()


def _extensions() -> HeaderExtensionsMap:
    """The audio level under the number that aiortc offers it with."""
    uri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
    level = RTCRtpHeaderExtensionParameters(id=2, uri=uri)
    extensions = HeaderExtensionsMap()
    extensions.configure(RTCRtpParameters(headerExtensions=[level]))
    return extensions


@asynccontextmanager
async def connected(
    publisher: RtpPublisher, on_packet: PacketSink
) -> AsyncIterator[OpusReceiver]:
    """A receiver of the publisher's audio, connected; both are closed afterwards."""
    receiver = OpusReceiver((), on_packet)
    try:
        await publisher.take_answer(await receiver.answer(await publisher.offer()))
        await receiver.connected.wait()
        await publisher.connected.wait()
        yield receiver
    finally:
        await receiver.aclose()
        await publisher.close()
