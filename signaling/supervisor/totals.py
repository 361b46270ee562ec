# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What happened on the speech-to-text streams of one speaker, and why."""

from collections import Counter
from dataclasses import dataclass, field, replace

from signaling.stt.stream import SttStream


@dataclass(slots=True)
class StreamTotals:
    """What happened on all streams of one speaker; all of them only grow."""

    open_s: float = 0.0
    "Seconds that streams were open: what speech-to-text costs."
    words: int = 0
    streams: int = 0
    reconnects: int = 0
    renewals: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    drops: Counter[str] = field(default_factory=Counter)
    "80 ms frames that never reached a service, by reason."

    def copy(self) -> "StreamTotals":
        """The same numbers, to go on from."""
        return replace(
            self,
            renewals=Counter(self.renewals),
            failures=Counter(self.failures),
            drops=Counter(self.drops),
        )

    def add(self, stream: SttStream, open_s: float) -> None:
        """Count one stream in."""
        self.open_s += open_s
        self.streams += 1
        self.words += stream.words
        self.reconnects += stream.reconnects
        self.renewals.update({str(r): n for r, n in stream.counters.renewals.items()})
        self.failures.update({str(r): n for r, n in stream.counters.failures.items()})
        self.drops.update({str(reason): n for reason, n in stream.drops.items()})


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why things went wrong, and how often; all of them only grow."""

    drops: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    renewals: Counter[str] = field(default_factory=Counter)

    def since(self, earlier: "Reasons") -> "Reasons":
        """What has come to it."""
        return Reasons(
            self.drops - earlier.drops,
            self.failures - earlier.failures,
            self.renewals - earlier.renewals,
        )
