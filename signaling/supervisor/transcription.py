# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One speaker's audio on its way to words: reorder, frame, stream, assemble.

A silence gate would stand between `ReorderBuffer` and `Framer`, in `_forward`.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from signaling.audio.framer import Framer
from signaling.audio.packet import OPUS_HZ, AudioItem, Frame, OpusPacket
from signaling.audio.reorder import ReorderBuffer
from signaling.captions.assembler import CaptionAssembler
from signaling.stt.events import (
    Closed,
    Pause,
    Ready,
    Renewed,
    StreamFailed,
    SttEvent,
    Word,
)
from signaling.stt.stream import SttStream
from signaling.supervisor.slots import StreamSlots

logger = logging.getLogger(__name__)

QUIET_S = 0.2
"Without packets for this long, silence is sent in their place."
SILENCE_S = 2.0
"Silence that makes the model bring out its last words."
SILENCE_STEP_S = 0.08
KEEP_ALIVE_S = 5.0
"Afterwards one frame in this time: the strictest service hangs up after 10 s."
QUIET_DBOV = -60
"RFC 6464 levels up to this are a silent microphone, not a quiet voice."
HANGOVER_S = 0.8
"Longer than the model's delay: the end of a word is still speech."
TAIL_S = 1.5
"Silence before a stream is closed: the model's delay and one second more."


@dataclass(slots=True)
class AudioCounters:
    """What happened to one speaker's audio and words; all of them only grow."""

    audio_s: float = 0.0
    stt_s: float = 0.0
    words: int = 0
    dropped_frames: int = 0
    "80 ms frames that never reached a stream: no slot, stream refused, buffer full."
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class AudioPath:
    """The parts a wire needs, made anew for each speaker and stream."""

    new_framer: Callable[[], Framer]
    new_stream: Callable[[], SttStream]
    idle_s: float


class Transcription:
    """Packets in, chunks of whole words out, over as many streams as it takes."""

    def __init__(
        self,
        path: AudioPath,
        slots: StreamSlots,
        on_text: Callable[[str], None],
        on_stream: Callable[[str, str], None],
    ) -> None:
        self._path = path
        self._slots = slots
        self._on_text = on_text
        self._on_stream = on_stream
        self._reorder = ReorderBuffer()
        self._framer = path.new_framer()
        self._stream: SttStream | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._order = asyncio.Lock()
        self._finished = asyncio.Event()
        self._poke = asyncio.Event()
        self._refused = False
        self._reported = ("", "")
        self._last_packet_s = 0.0
        self._last_loud_s = 0.0
        self._lost_before = 0
        self._silence_s = 0.0
        "Seconds covered by sent silence since the last packet."
        self.counters = AudioCounters()

    @property
    def lost_packets(self) -> int:
        """Packets that never came, over all that was heard."""
        return self._lost_before + self._reorder.lost

    def take(self, packet: OpusPacket) -> None:
        """Take one packet as it comes from the network; called per packet."""
        if self._silence_s:
            # Silence has stood in for the pause that the packet's clock now shows.
            self._lost_before += self._reorder.lost
            self._reorder = ReorderBuffer()
            self._silence_s = 0.0
        self._last_packet_s = packet.arrived_s
        if packet.level_dbov is None or packet.level_dbov > QUIET_DBOV:
            self._last_loud_s = packet.arrived_s
        self._forward(self._reorder.push(packet))
        if self._reorder.deadline_s is not None:
            self._poke.set()

    async def run(self) -> None:
        """Work until `finish`, then until the last word is out."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            clock = tasks.create_task(self._keep_time())
            await self._finished.wait()
            clock.cancel()

    async def finish(self) -> None:
        """No more audio: bring out the last words and close; bounded by the stream."""
        stream = self._stream
        self._tasks, self._stream = None, None
        if stream is not None:
            await self._flush(stream)
        self._finished.set()

    def _forward(self, items: list[AudioItem]) -> None:
        for item in items:
            for frame in self._framer.push(item):
                self._send(frame)

    def _send(self, frame: Frame) -> None:
        stream = self._stream or self._open()
        if stream is None:
            self.counters.dropped_frames += 1
            return
        self.counters.audio_s += frame.samples / OPUS_HZ
        # A silent microphone is owed no words; a connection is renewed in its pauses.
        is_speech = frame.arrived_s - self._last_loud_s < HANGOVER_S
        stream.send(frame, is_speech=is_speech)

    def _open(self) -> SttStream | None:
        """Begin a stream; None after `finish`, a refusal, or without a free slot."""
        if self._tasks is None or self._refused:
            return None
        if not self._slots.acquire():
            self._report_once("waiting", f"all {self._slots.limit} streams are in use")
            return None
        self._stream = self._path.new_stream()
        self._tasks.create_task(self._converse(self._stream))
        self._poke.set()
        return self._stream

    async def _converse(self, stream: SttStream) -> None:
        """Own one stream from its start to its last word."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(stream.run())
                # An earlier stream may still be bringing out its last words.
                async with self._order:
                    await self._listen(stream)
        finally:
            self._slots.release()
            self.counters.dropped_frames += stream.dropped_frames
            self.counters.reconnects += stream.reconnects
            self.counters.stt_s += stream.sent_s
            if self._stream is stream:
                self._stream = None

    async def _listen(self, stream: SttStream) -> None:
        """Words to chunks, until the stream says that it is closed."""
        assembler = CaptionAssembler()
        while True:
            timeout_s = None
            if assembler.deadline_s is not None:
                timeout_s = assembler.deadline_s - time.monotonic()
            try:
                async with asyncio.timeout(timeout_s):
                    event = await stream.events.get()
            except TimeoutError:
                self._emit(assembler.due(time.monotonic()))
                continue
            if isinstance(event, Closed):
                break
            self._on_event(event, assembler)
        self._emit(assembler.flush())

    def _on_event(self, event: SttEvent, assembler: CaptionAssembler) -> None:
        now_s = time.monotonic()
        match event:
            case Word(text):
                self.counters.words += 1
                self._emit(assembler.word(text, now_s))
            case Pause():
                self._emit(assembler.pause(now_s))
            case Ready():
                self._report_once("listening", "")
            case Renewed(reason) if reason.is_urgent:
                self._report_once("listening", f"connection renewed: {reason.value}")
            case StreamFailed(reason, retryable):
                self._refused = self._refused or not retryable
                self._report_once("reconnecting" if retryable else "failed", reason)

    def _emit(self, chunks: list[str]) -> None:
        for chunk in chunks:
            self._on_text(chunk)

    def _report_once(self, state: str, why: str) -> None:
        if (state, why) != self._reported:
            self._reported = (state, why)
            self._on_stream(state, why)

    async def _keep_time(self) -> None:
        """Lets late packets go, sends silence when none come, closes idle streams."""
        while True:
            due_s = self._next_due_s()
            timeout_s = None if due_s is None else due_s - time.monotonic()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._poke.wait()
            except TimeoutError:
                self._on_time(time.monotonic())
            self._poke.clear()

    def _next_due_s(self) -> float | None:
        """When `_on_time` has something to do, monotonic seconds."""
        due = []
        if self._reorder.deadline_s is not None:
            due.append(self._reorder.deadline_s)
        if self._stream is not None:
            due.append(self._last_packet_s + QUIET_S + self._silence_s)
        return min(due, default=None)

    def _on_time(self, now_s: float) -> None:
        self._forward(self._reorder.due(now_s))
        stream, quiet_s = self._stream, now_s - self._last_packet_s
        if stream is None or quiet_s < QUIET_S:
            return
        if quiet_s >= self._path.idle_s:
            self._close(stream)
            return
        while self._silence_s + QUIET_S <= quiet_s:
            step_s = SILENCE_STEP_S if self._silence_s < SILENCE_S else KEEP_ALIVE_S
            for frame in self._framer.silence(SILENCE_STEP_S, now_s):
                stream.send(frame, is_speech=False)
            self._silence_s += step_s

    def _close(self, stream: SttStream) -> None:
        """Nothing was heard for long: give the stream back; audio opens another."""
        self._stream = None
        if self._tasks is not None:
            self._tasks.create_task(self._flush(stream))

    async def _flush(self, stream: SttStream) -> None:
        now_s = time.monotonic()
        for frame in (
            *self._framer.drain(now_s),
            *self._framer.silence(TAIL_S, now_s),
        ):
            stream.send(frame, is_speech=False)
        await stream.finish()
