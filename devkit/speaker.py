# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A participant who speaks: recorded speech over a real peer connection."""

import asyncio
import fractions
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import numpy.typing as npt
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp

from devkit.camera import CameraTrack
from devkit.nextcloud import NextcloudStandIn
from devkit.participant import IN_CALL, WITH_AUDIO, WITH_VIDEO, Participant

RATE_HZ = 48_000
FRAME_SAMPLES = 960
"20 ms, as browsers send."
FULL_SCALE = 32767
CONNECT_TIMEOUT_S = 15.0
SEND = "_send_rtp"
"What aiortc's senders call for each packet."
TWICE = 0.05
LATE = 0.95
LATE_S = 0.03
"Of a bad network: the share sent twice, the share above which packets are late."

Audio = npt.NDArray[np.float32]


class SpeechTrack(MediaStreamTrack):
    """Plays samples in real time, then silence for as long as somebody asks.

    With `loop` the samples never end: their length is a whole number of frames then.
    """

    kind = "audio"

    def __init__(self, audio: Audio, *, loop: bool = False) -> None:
        super().__init__()
        self._is_endless = loop
        self._audio = audio if audio.ndim == 2 else audio[:, np.newaxis]
        self._position = 0
        self._sent = 0
        self._started_s: float | None = None
        self._spoken_from_s: float | None = None
        self.muted = False
        self.playing = asyncio.Event()
        "Silence is sent until this is set."
        self.finished = asyncio.Event()
        "All of the audio has been sent."

    def spoken_s(self, position_s: float) -> float:
        """Monotonic time at which a position of the audio left the device."""
        if self._spoken_from_s is None:
            raise RuntimeError("nothing has been spoken yet")
        return self._spoken_from_s + position_s

    @property
    def mono(self) -> Audio:
        """The first channel of what is spoken."""
        return self._audio[:, 0]

    def rewind(self) -> None:
        """Speak the same once more."""
        self._position = 0
        self._spoken_from_s = None
        self.muted = False
        self.finished.clear()

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms, when they are due."""
        now_s = time.monotonic()
        if self._started_s is None:
            self._started_s = now_s
        due_s = self._started_s + self._sent * FRAME_SAMPLES / RATE_HZ
        await asyncio.sleep(max(0.0, due_s - now_s))
        frame = self._frame(self._next_samples())
        frame.pts = self._sent * FRAME_SAMPLES
        self._sent += 1
        return frame

    def _next_samples(self) -> Audio:
        channels = self._audio.shape[1]
        samples = np.zeros((FRAME_SAMPLES, channels), dtype=np.float32)
        if not self.playing.is_set():
            return samples
        if self._spoken_from_s is None:
            self._spoken_from_s = time.monotonic()
        part = self._audio[self._position : self._position + FRAME_SAMPLES]
        self._position += FRAME_SAMPLES
        if self._is_endless:
            self._position %= len(self._audio)
        if not self.muted:
            samples[: len(part)] = part
        if self._position >= len(self._audio):
            self.finished.set()
        return samples

    def _frame(self, samples: Audio) -> av.AudioFrame:
        layout = "stereo" if samples.shape[1] == 2 else "mono"
        values = np.clip(samples * FULL_SCALE, -FULL_SCALE, FULL_SCALE)
        packed = np.ascontiguousarray(values.astype(np.int16)).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
        frame.sample_rate = RATE_HZ
        frame.time_base = fractions.Fraction(1, RATE_HZ)
        return frame


class Speaker(Participant):
    """Publishes audio through the HPB, as a browser does."""

    in_call_flags = IN_CALL | WITH_AUDIO

    def __init__(
        self,
        nextcloud: NextcloudStandIn,
        room_token: str,
        name: str,
        audio: Audio,
        *,
        loop: bool = False,
        camera: bool = False,
    ) -> None:
        super().__init__(nextcloud, room_token, name)
        self._has_camera = camera
        if camera:
            self.in_call_flags |= WITH_VIDEO
        self.track = SpeechTrack(audio, loop=loop)
        self._peer_connection: RTCPeerConnection | None = None
        self._connected = asyncio.Event()
        self._sid = ""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.unpublish()
        await super().__aexit__(kind, error, traceback)

    async def enter_call(self) -> None:
        """Join the call and publish; returns when media flows."""
        await super().enter_call()
        await self.publish()

    async def reconnect(self) -> None:
        """Come back and publish again; the recording goes on."""
        await self.unpublish()
        await super().reconnect()

    async def publish(self) -> None:
        """Offer our audio to the HPB, under our own session id."""
        connection = RTCPeerConnection(RTCConfiguration([]))
        self._peer_connection = connection
        self._connected.clear()

        def on_state() -> None:
            if connection.connectionState == "connected":
                self._connected.set()

        connection.on("connectionstatechange", on_state)
        connection.addTrack(self.track)
        if self._has_camera:
            connection.addTrack(CameraTrack())
        await connection.setLocalDescription(await connection.createOffer())
        self._sid = str(time.monotonic_ns())
        sdp = connection.localDescription.sdp
        await self._send_media("offer", {"type": "offer", "sdp": sdp})
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await self._connected.wait()

    async def unpublish(self) -> None:
        """Close the peer connection."""
        if self._peer_connection is not None:
            connection, self._peer_connection = self._peer_connection, None
            await connection.close()

    @contextmanager
    def bad_network(self, loss: float) -> Iterator[None]:
        """Lose a share of our packets, send some twice, and some later than others."""
        if self._peer_connection is None:
            raise RuntimeError("nothing is published")
        transport = self._peer_connection.getSenders()[0].transport
        send = getattr(transport, SEND)
        chance = random.Random(1)  # noqa: S311 - the same each time

        async def send_badly(data: bytes) -> None:
            fate = chance.random()
            if fate < loss:
                return
            if fate > LATE:
                await asyncio.sleep(LATE_S)
            await send(data)
            if fate < loss + TWICE:
                await send(data)

        setattr(transport, SEND, send_badly)
        try:
            yield
        finally:
            setattr(transport, SEND, send)

    def speak(self) -> None:
        """Begin with the recording."""
        self.track.playing.set()

    async def on_data(self, sender: str, data: dict[str, Any]) -> None:
        """The HPB's answer and candidates for what we publish."""
        connection = self._peer_connection
        if connection is None or sender != self.session_id:
            return
        payload = data.get("payload", {})
        if data.get("type") == "answer":
            description = RTCSessionDescription(sdp=payload["sdp"], type="answer")
            await connection.setRemoteDescription(description)
        elif data.get("type") == "candidate":
            line = payload["candidate"]["candidate"].removeprefix("candidate:")
            if line:
                candidate = candidate_from_sdp(line)
                candidate.sdpMLineIndex = 0
                await connection.addIceCandidate(candidate)

    async def _send_media(self, kind: str, payload: dict[str, Any]) -> None:
        data = {
            "to": self.session_id,
            "type": kind,
            "roomType": "video",
            "sid": self._sid,
            "payload": payload,
        }
        recipient = {"type": "session", "sessionid": self.session_id}
        message = {"recipient": recipient, "data": data}
        await self.send({"type": "message", "message": message})
