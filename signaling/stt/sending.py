# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The outgoing half of a connection: audio, then what brings out the last words."""

import asyncio
from collections.abc import Callable, Iterable, Iterator

from websockets.asyncio.client import ClientConnection

from livetranscription import metrics
from signaling.errors import SttUnavailableError
from signaling.stt.backlog import CATCH_UP, FRAME_S
from signaling.stt.ending import comes_within
from signaling.stt.floor import Floor
from signaling.stt.parts import StreamParts
from signaling.stt.reasons import Failure, Renewal
from signaling.stt.renewal import RenewalPlan
from signaling.stt.watchdog import PauseWatch

KEEP_ALIVE_SHARE = 0.6
"Of the service's idle limit passes before silence is sent in place of audio."


class Sender:
    """Sends one connection's messages; each of them is taken in time or it fails.

    Every method raises SttUnavailableError and ConnectionClosed; the frame that was
    not sent then stays in the backlog.
    """

    def __init__(
        self, socket: ClientConnection, parts: StreamParts, floor: Floor
    ) -> None:
        timing, now_s = parts.timing, parts.clock()
        self._socket = socket
        self._parts = parts
        self._floor = floor
        self._muxer = parts.new_muxer()
        self._encode = parts.wire.encode_audio
        self._opened_s = self._sent_s = now_s
        self._sent_bytes = 0
        self._plan = RenewalPlan(parts.wire.limits, timing, now_s, parts.random())
        self._filler = self._endless_silence()
        self.pauses = PauseWatch(timing, now_s)
        self.marker = asyncio.Event()
        "Set by whoever reads, when the server has sent our marker back."
        self.server_holds_s = 0.0
        "Audio that waits in the server, as it said last."

    async def begin(self) -> None:
        """What has to go before the first frame."""
        await self._send_all(map(self._encode, self._muxer.start()))

    async def keep_warm(self) -> None:
        """Silence until the floor is given: a full service refuses that, not speech."""
        timing, given = self._parts.timing, self._floor.given
        while not given.is_set():
            await self._send_all(self._some_silence())
            is_warm = self._parts.clock() - self._opened_s >= timing.warm_s
            if is_warm:
                self._floor.ready()
            await comes_within(given, timing.keep_warm_s if is_warm else FRAME_S)

    async def send_audio(self, on_frame: Callable[[bool], None]) -> bool:
        """Send frames until no more will come: False; or until the floor is left: True.

        What has waited goes out at `CATCH_UP` times real time, without any pause once
        the stream is finishing. `on_frame` is told for each whether it was speech.
        """
        backlog, now_s = self._parts.backlog, self._parts.clock()
        backlog.restart(now_s)
        self._parts.watchdogs.stall.restart(len(backlog), now_s)
        while not self._has_to_leave():
            if not backlog and self._parts.is_finishing:
                return False
            if not backlog:
                await self._wait()
            elif self._is_held_up():
                await asyncio.sleep(FRAME_S)
            else:
                on_frame(await self._send_next())
        return True

    async def send_silence(self) -> None:
        """What a word needs behind it; who finishes a stream has sent it before."""
        parts = self._parts
        if parts.new_silence is not None:
            frames = [self._muxer.frame(frame) for frame in parts.new_silence()]
            await self._send_all(map(self._encode, frames))
        else:
            for _ in range(round(parts.timing.silence_s / FRAME_S)):
                await self._send_all(self._some_silence())

    async def bring_out_last_words(self) -> None:
        """Make the server say what it still holds, and leave it time for that."""
        timing = self._parts.timing
        ends = list(self._parts.wire.encode_end())
        await self._send_all([*map(self._encode, self._muxer.end()), *ends])
        if not ends:
            await asyncio.sleep(timing.last_words_s)
            return
        try:
            async with asyncio.timeout(timing.marker_s):
                await self._feed_until_marker()
        except TimeoutError:
            return
        await asyncio.sleep(timing.after_marker_s)

    async def _feed_until_marker(self) -> None:
        """A marker moves with the audio that follows it and never comes without."""
        silence = self._parts.wire.silence
        while not self.marker.is_set():
            if silence is not None:
                await self._send(self._encode(silence))
            await comes_within(self.marker, FRAME_S / CATCH_UP)

    async def _send_next(self) -> bool:
        """Send the oldest frame when its time has come; whether it was speech."""
        parts = self._parts
        wait_s = parts.backlog.wait_s(parts.clock())
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        audio = parts.backlog.take(parts.clock(), hurry=parts.is_finishing)
        await self._send(self._encode(self._muxer.frame(audio.frame)))
        parts.backlog.sent()
        metrics.audio_age.observe(max(0.0, self._sent_s - audio.came_s))
        self.pauses.sent(audio.is_speech, self._sent_s)
        return audio.is_speech

    async def _wait(self) -> None:
        """Wait for a frame, or for the time at which something else has to be done."""
        parts, now_s = self._parts, self._parts.clock()
        due_s = [self._plan.next_s(now_s)]
        if self._floor.has_heir:
            due_s.append(self.pauses.idle_s)
        idle_s = parts.wire.limits.idle_s
        if idle_s is not None:
            due_s.append(self._sent_s + KEEP_ALIVE_SHARE * idle_s)
        parts.filled.clear()
        has_come = await comes_within(parts.filled, max(0.0, min(due_s) - now_s))
        if not has_come and idle_s is not None and parts.clock() >= due_s[-1]:
            await self._send_all(self._some_silence())

    def _has_to_leave(self) -> bool:
        now_s, floor = self._parts.clock(), self._floor
        if not self._parts.is_finishing:
            self._look_for_reasons(now_s)
        if self._plan.is_over(now_s, self._sent_bytes):
            return True
        if not floor.has_heir or floor.wanted is None:
            return False
        return floor.wanted.is_urgent or self.pauses.in_pause(now_s)

    def _look_for_reasons(self, now_s: float) -> None:
        """Ask for an heir if this connection nears its end, or falls behind."""
        planned = self._plan.reason(now_s, self._sent_bytes)
        if planned is not None:
            self._floor.want(planned)
        waiting = len(self._parts.backlog)
        if self._parts.watchdogs.stall.is_stalled(waiting, now_s):
            self._floor.want(Renewal.STALL)

    def _is_held_up(self) -> bool:
        """Whether the server has enough to do; else it would only fall behind."""
        holds_too_much = self.server_holds_s > self._parts.timing.server_holds_s
        return holds_too_much and not self._parts.is_finishing

    def _some_silence(self) -> Iterable[bytes]:
        """80 ms of silence as one message, if there is a way to make it."""
        message = next(self._filler, None)
        return () if message is None else (message,)

    def _endless_silence(self) -> Iterator[bytes]:
        parts = self._parts
        if parts.new_silence is not None:
            while frames := list(parts.new_silence()):
                for frame in frames:
                    yield self._encode(self._muxer.frame(frame))
        elif parts.wire.silence is not None:
            while True:
                yield self._encode(parts.wire.silence)

    async def _send_all(self, messages: Iterable[bytes]) -> None:
        for message in messages:
            await self._send(message)

    async def _send(self, message: bytes) -> None:
        within_s = self._parts.timing.send_s
        try:
            async with asyncio.timeout(within_s):
                await self._socket.send(message)
        except TimeoutError:
            text = f"the server took no audio for {within_s:g} s"
            raise SttUnavailableError(text, Failure.BLOCKED) from None
        self._sent_bytes += len(message)
        self._sent_s = self._parts.clock()
