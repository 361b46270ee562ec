# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One speaker's streams to speech-to-text, one after another: frames in, chunks out."""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from signaling.audio.packet import FRAME_S, Frame
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
from signaling.supervisor.slots import Slot, StreamSlots
from signaling.supervisor.totals import StreamTotals

MAX_WAITING_FRAMES = round(15.0 / FRAME_S)
"Speech kept for a speaker who waits for a slot; the oldest is dropped."
NO_SLOT = "no_slot"
"Dropped because all streams were in use; other reasons are in `stt/reasons.py`."
REFUSED = "refused"
"Dropped because speech-to-text will not have us as we are configured."
ENDED = "ended"
"Dropped because the speaker's last words were being brought out already."


@dataclass(eq=False, slots=True)
class _Open:
    """The stream that takes audio now."""

    stream: SttStream
    slot: Slot


class SpeakerStreams:
    """Opens a stream when there is audio, closes it when told, brings out its words.

    `on_text` gets chunks of whole words and when the first word of each came (monotonic
    seconds), `on_state` a state of the speaker and why.
    `new_tail` is called when a stream is to end and gives the frames that make the
    model bring out its last words.
    """

    def __init__(
        self,
        new_stream: Callable[[], SttStream],
        new_tail: Callable[[], list[Frame]],
        slots: StreamSlots,
        on_text: Callable[[str, float], None],
        on_state: Callable[[str, str], None],
    ) -> None:
        self._new_stream = new_stream
        self._new_tail = new_tail
        self._slots = slots
        self._on_text = on_text
        self._on_state = on_state
        self._open: _Open | None = None
        self._waiting: deque[Frame] = deque()
        self._ends_waiting = False
        self._tasks: asyncio.TaskGroup | None = None
        self._context = contextvars.copy_context()
        self._order = asyncio.Lock()
        self._finished = asyncio.Event()
        self._refused = False
        self._reported = ("", "")
        self._past = StreamTotals()
        self._opened_s: dict[SttStream, float] = {}
        self.spoke_s = float("-inf")
        "When speech was heard last: who was silent longest gives way."

    @property
    def totals(self) -> StreamTotals:
        """What happened so far, on running streams too."""
        totals, now_s = self._past.copy(), time.monotonic()
        for stream, opened_s in self._opened_s.items():
            totals.add(stream, now_s - opened_s)
        return totals

    def send(self, frame: Frame, *, is_speech: bool) -> None:
        """Take 80 ms of audio; speech opens a stream, or waits for a slot, if needed."""
        if is_speech:
            self.spoke_s = frame.arrived_s
        if self._open is not None:
            self._open.stream.send(frame, is_speech=is_speech)
        elif is_speech and (self._tasks is None or self._refused):
            self._past.drops[REFUSED if self._refused else ENDED] += 1
        elif is_speech:
            self._wait(frame)
        elif self._waiting:
            # Silence is not kept, but whoever holds a stream may be silent by now too.
            self._ask()

    def end(self) -> None:
        """Nothing more is said for now: give the stream back with its last words."""
        if self._open is not None:
            self._close(self._open)
        elif self._waiting:
            self._ends_waiting = True

    async def run(self) -> None:
        """Work until `finish`, then until the last word is out."""
        self._context = contextvars.copy_context()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                await self._finished.wait()
        finally:
            self._tasks = None
            self._slots.withdraw(self)

    async def finish(self) -> None:
        """No more audio: bring out the last words and close; bounded by the stream."""
        self._slots.withdraw(self)
        self._past.drops[NO_SLOT] += len(self._waiting)
        self._waiting.clear()
        self._tasks, opened, self._open = None, self._open, None
        if opened is not None:
            await _flush(opened.stream, self._new_tail())
        self._finished.set()

    # --- Slots --------------------------------------------------------------------

    def grant(self, slot: Slot) -> None:
        """Our turn has come: open a stream for what was said in the meantime."""
        self._start(slot)
        waiting, self._waiting = self._waiting, deque()
        for frame in waiting:
            self.send(frame, is_speech=True)
        if self._ends_waiting and self._open is not None:
            self._close(self._open)

    def give_way(self, slot: Slot) -> None:
        """Somebody else speaks, and we have been silent."""
        if self._open is not None and self._open.slot is slot:
            self._close(self._open, "the stream went to another speaker")

    def _wait(self, frame: Frame) -> None:
        """Keep speech until there is a slot, which may be at once."""
        self._ends_waiting = False
        self._waiting.append(frame)
        if len(self._waiting) > MAX_WAITING_FRAMES:
            self._waiting.popleft()
            self._past.drops[NO_SLOT] += 1
        self._ask()

    def _ask(self) -> None:
        slot = self._slots.acquire(self, time.monotonic())
        if slot is not None:
            self.grant(slot)
        else:
            limit = self._slots.limit
            self._report_once("waiting", f"all {limit} streams are in use")

    def _start(self, slot: Slot) -> None:
        if self._tasks is None:
            self._slots.release(slot, time.monotonic())
            return
        self._open = _Open(self._new_stream(), slot)
        self._report_once("connecting", "")
        # A slot may come from another speaker's hands; log lines are to name ours.
        self._tasks.create_task(
            self._converse(self._open.stream, slot), context=self._context.copy()
        )

    # --- One stream ---------------------------------------------------------------

    async def _converse(self, stream: SttStream, slot: Slot) -> None:
        """Own one stream from its start to its last word."""
        self._opened_s[stream] = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(stream.run())
                # An earlier stream may still be bringing out its last words.
                async with self._order:
                    await self._listen(stream)
        finally:
            now_s = time.monotonic()
            self._past.add(stream, now_s - self._opened_s.pop(stream))
            if self._open is not None and self._open.stream is stream:
                self._open = None
            self._slots.release(slot, now_s)

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
                self._emit(assembler.due(time.monotonic()), assembler)
                continue
            if isinstance(event, Closed):
                break
            self._on_event(event, stream, assembler)
        self._emit(assembler.flush(), assembler)

    def _on_event(
        self, event: SttEvent, stream: SttStream, assembler: CaptionAssembler
    ) -> None:
        now_s = time.monotonic()
        is_current = self._open is not None and self._open.stream is stream
        match event:
            case Word(text):
                self._emit(assembler.word(text, now_s), assembler)
            case Pause():
                self._emit(assembler.pause(now_s), assembler)
            case StreamFailed(reason, False):
                self._refused = True
                self._report_once("failed", reason)
            case StreamFailed(reason) if is_current:
                self._report_once("reconnecting", reason)
            case Ready() if is_current:
                self._report_once("listening", "")
            case Renewed(reason) if is_current and reason.is_urgent:
                self._report_once("listening", f"connection renewed: {reason.value}")

    def _emit(self, chunks: list[str], assembler: CaptionAssembler) -> None:
        for chunk in chunks:
            self._on_text(chunk, assembler.started_s)

    def _report_once(self, state: str, why: str) -> None:
        if (state, why) != self._reported:
            self._reported = (state, why)
            self._on_state(state, why)

    def _close(self, opened: _Open, why: str = "") -> None:
        self._open, tail = None, self._new_tail()
        if not self._refused:
            self._report_once("silent", why)
        if self._tasks is not None:
            self._tasks.create_task(
                _flush(opened.stream, tail), context=self._context.copy()
            )


async def _flush(stream: SttStream, tail: list[Frame]) -> None:
    for frame in tail:
        stream.send(frame, is_speech=False)
    await stream.finish()
