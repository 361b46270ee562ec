# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Speech on its way through a stream to the devkit's server, faster than real time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from devkit.engine import Samples
from devkit.stt import SttServer
from devkit.tones import silence, spoken_words
from signaling.audio.ogg import PlainMuxer
from signaling.audio.packet import Frame
from signaling.config import SttConfig
from signaling.stt.events import SttEvent, Word
from signaling.stt.stream import SttStream
from signaling.stt.timing import StreamTiming
from signaling.stt.wires import WIRES

FRAME_SAMPLES = 1920
PACE_S = 0.05
"Between frames of 80 ms: less than a stream may send, more than is spoken."
TIMING = StreamTiming(
    ready_s=2.0,
    send_s=2.0,
    capacity_s=0.3,
    healthy_s=10.0,
    last_words_s=0.3,
    marker_s=1.0,
    after_marker_s=0.02,
    close_s=0.5,
    warm_s=0.15,
    keep_warm_s=0.3,
    drain_s=1.5,
    renew_jitter=0.0,
    wordless_s=60.0,
    freeze_s=60.0,
)
"No watchdog barks before a test has shortened its time."


@dataclass(slots=True)
class Talk:
    """One speaker's stream and what came out of it."""

    stream: SttStream
    voice: int
    events: list[SttEvent] = field(default_factory=list)

    async def say(self, numbers: Iterable[int], pause_s: float = 0.0) -> None:
        """Speak numbers, then pause; the pause is told to be one."""
        await self.send(spoken_words(self.voice, numbers), is_speech=True)
        await self.send(silence(pause_s), is_speech=False)

    async def send(self, samples: Samples, *, is_speech: bool) -> None:
        """Send audio frame by frame, the last one filled up with silence."""
        for start in range(0, len(samples), FRAME_SAMPLES):
            piece = samples[start : start + FRAME_SAMPLES]
            piece = np.pad(piece, (0, FRAME_SAMPLES - len(piece)))
            frame = Frame((piece.astype("<f4").tobytes(),), 3840, 0.0)
            self.stream.send(frame, is_speech=is_speech)
            await asyncio.sleep(PACE_S)

    def collect(self) -> None:
        """Take what has come out so far."""
        queue = self.stream.events
        self.events += [queue.get_nowait() for _ in range(queue.qsize())]

    @property
    def words(self) -> list[int]:
        """Numbers heard so far, in order."""
        self.collect()
        return [int(e.text[1:]) for e in self.events if isinstance(e, Word)]

    def of(self, kind: type[SttEvent]) -> list[Any]:
        """Events of a kind so far."""
        self.collect()
        return [event for event in self.events if isinstance(event, kind)]


def quick(first_s: float) -> Iterator[float]:
    """Pauses a fiftieth as long, without growth."""
    while True:
        yield first_s / 50


@asynccontextmanager
async def talking(
    server: SttServer, wire: str = "modal-pcm", voice: int = 0, **timing: float
) -> AsyncIterator[Talk]:
    """A stream to the server; finished, with a tail of silence, at the end."""
    headers: tuple[tuple[str, str], ...]
    headers = (("Modal-Key", "test-key"), ("Modal-Secret", "test-secret"))
    if wire == "moshi":
        headers = (("kyutai-api-key", "public_token"),)
    url = server.moshi_url if wire == "moshi" else server.stream_url
    stream = SttStream(
        SttConfig(url, wire, headers=headers, text_style="word"),
        WIRES[wire],
        PlainMuxer,
        timing=replace(TIMING, **timing),
        backoff=quick,
    )
    talk = Talk(stream, voice)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stream.run())
        yield talk
        await talk.send(silence(0.8), is_speech=False)
        await stream.finish()
    talk.collect()
