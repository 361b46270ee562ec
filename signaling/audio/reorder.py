# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Packets in sequence order within a short window; losses become gaps. Pure.

Packets that come in order leave at once. A packet that is missing holds up those
behind it for `window_s` at most; then a `Gap` takes its place, so that the speaker's
timeline stays exact.
"""

from signaling.audio.packet import AudioItem, Gap, OpusPacket, packet_samples

WINDOW_S = 0.06
MAX_GAP_SAMPLES = 96_000
"Two seconds: a longer hole is a new beginning, nobody wants it filled."
MAX_AHEAD = 100
"So many packets ahead of the next one, and the sender has started anew."


class ReorderBuffer:
    """Holds what came too early; counts what came too late, twice, or never."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._held: dict[int, OpusPacket] = {}
        self._next_sequence: int | None = None
        self._next_timestamp = 0
        self._toc = 0
        self._ssrc = 0
        self.deadline_s: float | None = None
        "When `due` will give up on what is missing, monotonic seconds."
        self.received = 0
        self.lost = 0
        self.late_or_duplicate = 0
        self.restarted = 0

    def push(self, packet: OpusPacket) -> list[AudioItem]:
        """Take a packet; returns what can go on now, in order."""
        self.received += 1
        if self._next_sequence is None or packet.ssrc != self._ssrc:
            return self._restart(packet)
        ahead = _signed(packet.sequence - self._next_sequence, 16)
        if abs(ahead) > MAX_AHEAD:
            return self._restart(packet)
        if ahead < 0 or packet.sequence in self._held:
            self.late_or_duplicate += 1
            return []
        if ahead == 0 and not self._held:
            return self._advance(packet)
        self._held[packet.sequence] = packet
        items = self._release()
        self._set_deadline()
        return items

    def due(self, now_s: float) -> list[AudioItem]:
        """Give up on packets that have been missing for the whole window."""
        items: list[AudioItem] = []
        while self.deadline_s is not None and now_s >= self.deadline_s:
            items += self._skip()
            self._set_deadline()
        return items

    def _skip(self) -> list[AudioItem]:
        """Give up on the packets before the first one held."""
        assert self._next_sequence is not None  # noqa: S101 - something is held
        base = self._next_sequence
        first = min(self._held, key=lambda sequence: (sequence - base) & 0xFFFF)
        self.lost += (first - base) & 0xFFFF
        self._next_sequence = first
        return self._release()

    def _release(self) -> list[AudioItem]:
        """Everything held that is next in order."""
        items: list[AudioItem] = []
        while self._next_sequence in self._held:
            items += self._advance(self._held.pop(self._next_sequence))
        return items

    def _advance(self, packet: OpusPacket) -> list[AudioItem]:
        """Let one packet go, with a gap before it if its time stamp says so."""
        missing = _signed(packet.timestamp - self._next_timestamp, 32)
        toc = self._toc
        self._follow(packet)
        if 0 < missing <= MAX_GAP_SAMPLES:
            return [Gap(missing, toc, packet.arrived_s), packet]
        if missing:
            self.restarted += 1
        return [packet]

    def _restart(self, packet: OpusPacket) -> list[AudioItem]:
        """A new sender, or the old one after a long absence: begin with this packet."""
        items: list[AudioItem] = []
        if self._next_sequence is not None:
            self.restarted += 1
            base = self._next_sequence
            for sequence in sorted(self._held, key=lambda s: (s - base) & 0xFFFF):
                items.append(self._held[sequence])
        self._held.clear()
        self.deadline_s = None
        self._follow(packet)
        return [*items, packet]

    def _follow(self, packet: OpusPacket) -> None:
        self._next_sequence = (packet.sequence + 1) & 0xFFFF
        self._ssrc = packet.ssrc
        self._toc = packet.payload[0]
        samples = packet_samples(packet.payload)
        self._next_timestamp = (packet.timestamp + samples) & 0xFFFFFFFF

    def _set_deadline(self) -> None:
        self.deadline_s = (
            min(packet.arrived_s for packet in self._held.values()) + self._window_s
            if self._held
            else None
        )


def _signed(difference: int, bits: int) -> int:
    """A difference of counters that wrap, as the nearer of its two meanings."""
    half = 1 << (bits - 1)
    return ((difference + half) & ((1 << bits) - 1)) - half
