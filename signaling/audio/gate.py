# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Lets a speaker's audio through when there is speech in it, and for a while after.

Closed, it keeps the last 300 ms, so that the first syllable is not lost while it
makes sure that this is speech. Open, it lets everything through, pauses included:
the model needs them to bring out its words. Pure: times come with the packets.
"""

from collections import deque
from collections.abc import Callable

from signaling.audio.noise import NoiseFloor
from signaling.audio.packet import OPUS_HZ, AudioItem, Gap, packet_samples

MARGIN_DB = 8
"Speech is this much louder than the room."
QUIETEST_DBOV = -68
"Nothing below is speech, however quiet the room."
LOUDEST_DBOV = -30
"Everything above is speech, however loud the room: music or a crowd behind a voice."
ONSET_SAMPLES = OPUS_HZ * 60 // 1000
"Speech is loud for 60 ms on end; a key, a click or a cup is not."
PREROLL_SAMPLES = OPUS_HZ * 300 // 1000 + ONSET_SAMPLES
HANGOVER_S = 0.8
"Longer than the model's delay: the end of a word is still speech."
METER_FALL_DB = 1
"50 dB in a second: the gaps within a word do not show."

Measure = Callable[[bytes], int]
"Level in dBov of an Opus packet that came without one."


class SilenceGate:
    """One speaker's gate; closed until somebody speaks."""

    def __init__(self, idle_s: float, measure: Measure) -> None:
        self._idle_s = idle_s
        self._measure = measure
        self._floor = NoiseFloor()
        self._kept: deque[tuple[AudioItem, int]] = deque()
        self._kept_samples = 0
        self._loud_samples = 0
        self.is_open = False
        self.spoke_s = float("-inf")
        "When speech was heard last, monotonic seconds."
        self.level_dbov = -127
        "Level of the newest packet."
        self.meter_dbov = -127
        "As a meter shows it: up at once, down by `METER_FALL_DB` a packet."
        self.openings = 0
        self.heard_samples = 0
        "48 kHz samples that came, whatever was in them."
        self.speech_samples = 0
        "48 kHz samples of speech, the short pauses in it included."

    @property
    def threshold_dbov(self) -> int:
        """Packets louder than this may be speech."""
        return min(LOUDEST_DBOV, max(QUIETEST_DBOV, self._floor.dbov + MARGIN_DB))

    @property
    def idle_at_s(self) -> float:
        """When the gate closes if nothing more is said, monotonic seconds."""
        return self.spoke_s + self._idle_s

    def is_speaking(self, now_s: float) -> bool:
        """Whether speech was heard within the hangover."""
        return now_s - self.spoke_s < HANGOVER_S

    def push(self, item: AudioItem) -> list[AudioItem]:
        """Take a packet or gap; returns what goes on to speech-to-text now.

        Raises `ValueError` for a packet that cannot be Opus.
        """
        samples = self._listen(item)
        self.heard_samples += samples
        if self.is_speaking(item.arrived_s):
            self.speech_samples += samples
        if self.tick(item.arrived_s):
            return [item]
        if self._loud_samples >= ONSET_SAMPLES:
            return self._open(item)
        self._keep(item, samples)
        return []

    def close(self) -> None:
        """Let nothing through until somebody speaks again."""
        self.is_open = False
        self._loud_samples = 0

    def tick(self, now_s: float) -> bool:
        """Close if nothing was said for the idle time; returns whether it is open."""
        if self.is_open and now_s >= self.idle_at_s:
            self.close()
        return self.is_open

    def _listen(self, item: AudioItem) -> int:
        """Hear whether this is speech; returns the item's length in samples."""
        if isinstance(item, Gap):
            return item.samples  # says nothing, and interrupts nothing
        samples = packet_samples(item.payload)
        level = item.level_dbov
        if level is None:
            level = self._measure(item.payload)
        self.level_dbov = level
        self.meter_dbov = max(level, self.meter_dbov - METER_FALL_DB)
        self._floor.add(level)
        if level <= self.threshold_dbov:
            self._loud_samples = 0
            return samples
        self._loud_samples += samples
        if self._loud_samples >= ONSET_SAMPLES:
            self.spoke_s = item.arrived_s
        return samples

    def _open(self, item: AudioItem) -> list[AudioItem]:
        self.is_open = True
        self.openings += 1
        items = [*(kept for kept, _ in self._kept), item]
        self._kept.clear()
        self._kept_samples = 0
        return items

    def _keep(self, item: AudioItem, samples: int) -> None:
        self._kept.append((item, samples))
        self._kept_samples += samples
        while self._kept_samples - self._kept[0][1] >= PREROLL_SAMPLES:
            self._kept_samples -= self._kept.popleft()[1]
