# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The outgoing half of a connection: audio, then what brings out the last words."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection

from signaling.errors import SttUnavailableError
from signaling.stt.backlog import CATCH_UP, FRAME_S, Backlog
from signaling.stt.ending import comes_within
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import Muxer, Wire


@dataclass(slots=True)
class AudioSource:
    """The frames of a stream and the wish to end it; outlives its connections."""

    backlog: Backlog[Any]
    new_silence: Callable[[], Iterable[Any]] | None
    "Frames that bring out the last words; needed where the wire cannot make them."
    filled: asyncio.Event
    "Set when a frame comes, and when no more will."
    finishing: asyncio.Event


class Sender:
    """Sends one connection's messages; each of them is taken in time or it fails."""

    def __init__(
        self,
        socket: ClientConnection,
        wire: Wire,
        muxer: Muxer,
        timing: StreamTiming,
        clock: Callable[[], float],
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._muxer = muxer
        self._timing = timing
        self._clock = clock
        self._opened_s = clock()
        self._sent_bytes = 0
        self.marker = asyncio.Event()
        "Set by whoever reads, when the server has sent our marker back."

    async def send_audio(
        self, source: AudioSource, on_frame: Callable[[], None]
    ) -> bool:
        """Send frames until no more will come, or a renewal is due: then True.

        What has waited goes out at `CATCH_UP` times real time, without any pause once
        the stream is finishing. Raises SttUnavailableError and ConnectionClosed; the
        frame that was not sent then stays in the backlog.
        """
        backlog = source.backlog
        backlog.restart(self._clock())
        await self._send_all(self._encoded(self._muxer.start()))
        while not self._is_due():
            if not backlog:
                if source.finishing.is_set():
                    return False
                source.filled.clear()
                await source.filled.wait()
                continue
            wait_s = backlog.wait_s(self._clock())
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            frame = backlog.take(self._clock(), hurry=source.finishing.is_set())
            await self._send(self._wire.encode_audio(self._muxer.frame(frame)))
            backlog.sent()
            on_frame()
        return True

    async def send_silence(self, source: AudioSource) -> None:
        """What a word needs behind it; who finishes a stream has sent it before."""
        await self._send_all(self._silence(source.new_silence))

    async def bring_out_last_words(self) -> None:
        """Make the server say what it still holds, and leave it time for that."""
        ends = list(self._wire.encode_end())
        await self._send_all([*self._encoded(self._muxer.end()), *ends])
        if not ends:
            await asyncio.sleep(self._timing.last_words_s)
            return
        try:
            async with asyncio.timeout(self._timing.marker_s):
                await self._feed_until_marker()
        except TimeoutError:
            return
        await asyncio.sleep(self._timing.after_marker_s)

    async def _feed_until_marker(self) -> None:
        """A marker moves with the audio that follows it and never comes without."""
        while not self.marker.is_set():
            if self._wire.silence is not None:
                await self._send(self._wire.encode_audio(self._wire.silence))
            await comes_within(self.marker, FRAME_S / CATCH_UP)

    def _silence(
        self, new_frames: Callable[[], Iterable[Any]] | None
    ) -> Iterator[bytes]:
        if new_frames is not None:
            for frame in new_frames():
                yield self._wire.encode_audio(self._muxer.frame(frame))
        elif self._wire.silence is not None:
            for _ in range(round(self._timing.silence_s / FRAME_S)):
                yield self._wire.encode_audio(self._wire.silence)

    def _encoded(self, pages: Iterable[bytes]) -> Iterator[bytes]:
        return (self._wire.encode_audio(page) for page in pages)

    def _is_due(self) -> bool:
        """Whether the service would soon end the connection by itself."""
        limits = self._wire.limits
        if self._clock() - self._opened_s >= limits.connection_s:
            return True
        limit_bytes = limits.connection_bytes
        return limit_bytes is not None and self._sent_bytes >= limit_bytes

    async def _send_all(self, messages: Iterable[bytes]) -> None:
        for message in messages:
            await self._send(message)

    async def _send(self, message: bytes) -> None:
        within_s = self._timing.send_s
        try:
            async with asyncio.timeout(within_s):
                await self._socket.send(message)
        except TimeoutError:
            text = f"the server took no audio for {within_s:g} s"
            raise SttUnavailableError(text) from None
        self._sent_bytes += len(message)
