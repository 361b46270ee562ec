# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One speaker's audio on its way to words: reorder, gate, frame, stream."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from calls.services import SpeakerCounters
from signaling.audio.energy import SILENCE_DBOV, EnergyMeter
from signaling.audio.framer import Framer
from signaling.audio.gate import SilenceGate
from signaling.audio.packet import OPUS_HZ, AudioItem, Frame, OpusPacket
from signaling.audio.reorder import ReorderBuffer
from signaling.stt.stream import SttStream
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.streams import SpeakerStreams
from signaling.supervisor.totals import Reasons

QUIET_S = 0.2
"Without packets for this long, silence is sent in their place."
SILENCE_S = 2.0
"Silence that makes the model bring out its last words."
SILENCE_STEP_S = 0.08
KEEP_ALIVE_S = 5.0
"Afterwards one frame in this time: the strictest service hangs up after 10 s."
TAIL_S = 1.5
"Silence before a stream is closed: the model's delay and one second more."


@dataclass(frozen=True, slots=True)
class AudioPath:
    """The parts a wire needs, made anew for each speaker and stream."""

    new_framer: Callable[[], Framer]
    new_stream: Callable[[], SttStream]
    idle_s: float


class Transcription:
    """Packets in, chunks of whole words out; speech opens streams, silence ends them."""

    def __init__(
        self,
        path: AudioPath,
        slots: StreamSlots,
        on_text: Callable[[str, float], None],
        on_state: Callable[[str, str], None],
    ) -> None:
        self._reorder = ReorderBuffer()
        self._gate = SilenceGate(path.idle_s, EnergyMeter().measure)
        self._framer = path.new_framer()
        self._streams = SpeakerStreams(
            path.new_stream, self._new_tail, slots, on_text, on_state
        )
        self._finished = asyncio.Event()
        self._poke = asyncio.Event()
        self._was_open = False
        self._last_packet_s = 0.0
        self._lost_before = 0
        self._silence_s = 0.0
        "Seconds covered by sent silence since the last packet."

    @property
    def counters(self) -> SpeakerCounters:
        """What happened to this speaker's audio and words so far."""
        totals = self._streams.totals
        return SpeakerCounters(
            audio_s=self._gate.heard_samples / OPUS_HZ,
            speech_s=self._gate.speech_samples / OPUS_HZ,
            stt_s=totals.open_s,
            words=totals.words,
            lost_packets=self._lost_before + self._reorder.lost,
            reconnects=totals.reconnects,
            dropped_frames=totals.drops.total(),
            streams=totals.streams,
            renewals=totals.renewals.total(),
            failures=totals.failures.total(),
        )

    @property
    def drops(self) -> Counter[str]:
        """80 ms frames of speech that never reached speech-to-text, by reason."""
        return self.reasons.drops

    @property
    def reasons(self) -> Reasons:
        """Why audio was dropped, and connections failed or were renewed."""
        totals = self._streams.totals
        return Reasons(totals.drops, totals.failures, totals.renewals)

    def level_dbov(self, now_s: float) -> int:
        """How loud it is, 0 (loudest) to -127; nothing comes from who is muted."""
        is_quiet = now_s - self._last_packet_s >= QUIET_S
        return SILENCE_DBOV if is_quiet else self._gate.meter_dbov

    def is_speaking(self, now_s: float) -> bool:
        """Whether speech was heard just now."""
        return self._gate.is_speaking(now_s)

    def take(self, packet: OpusPacket) -> None:
        """Take one packet as it comes from the network; called per packet."""
        if self._silence_s:
            # Silence has stood in for the pause that the packet's clock now shows.
            self._lost_before += self._reorder.lost
            self._reorder = ReorderBuffer()
            self._silence_s = 0.0
        self._last_packet_s = packet.arrived_s
        self._forward(self._reorder.push(packet))
        if self._reorder.deadline_s is not None:
            self._poke.set()

    async def run(self) -> None:
        """Work until `finish`, then until the last word is out."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._streams.run())
            clock = tasks.create_task(self._keep_time())
            await self._finished.wait()
            clock.cancel()

    async def finish(self) -> None:
        """No more audio: bring out the last words and close; bounded by the stream."""
        await self._streams.finish()
        self._finished.set()

    def _forward(self, items: list[AudioItem]) -> None:
        gate = self._gate
        for item in items:
            for passed in gate.push(item):
                is_speech = gate.is_speaking(passed.arrived_s)
                for frame in self._framer.push(passed):
                    self._streams.send(frame, is_speech=is_speech)
        if gate.is_open is not self._was_open:
            self._follow_gate()

    def _follow_gate(self) -> None:
        """Nothing was said for long: give the stream back; speech opens another."""
        self._was_open = self._gate.is_open
        if not self._was_open:
            self._streams.end()
        self._poke.set()

    def _new_tail(self) -> list[Frame]:
        """What is left of the audio and silence behind it; what follows is anew."""
        self._gate.close()
        now_s = time.monotonic()
        return [
            *self._framer.drain(now_s),
            *self._framer.silence(TAIL_S, now_s),
        ]

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
        if self._gate.is_open:
            due.append(self._last_packet_s + QUIET_S + self._silence_s)
            due.append(max(self._gate.idle_at_s, self._last_packet_s + QUIET_S))
        return min(due, default=None)

    def _on_time(self, now_s: float) -> None:
        self._forward(self._reorder.due(now_s))
        quiet_s = now_s - self._last_packet_s
        if not self._gate.is_open or quiet_s < QUIET_S:
            return
        if self._gate.tick(now_s):
            self._stand_in(quiet_s, now_s)
        else:
            self._follow_gate()

    def _stand_in(self, quiet_s: float, now_s: float) -> None:
        """Send silence for what did not come; the model needs it to finish words."""
        while self._silence_s + QUIET_S <= quiet_s:
            step_s = SILENCE_STEP_S if self._silence_s < SILENCE_S else KEEP_ALIVE_S
            for frame in self._framer.silence(SILENCE_STEP_S, now_s):
                self._streams.send(frame, is_speech=False)
            self._silence_s += step_s
