# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The captions of the last minute: pace and delay, and words only if asked for. Pure.

Of each caption its time, its number of words and its delay are kept, never its text.
Texts are kept while somebody has switched the preview on, and only the last few.
"""

from collections import deque

from signaling.captions.caption import Caption

PACE_S = 60.0
"Words per minute are those of the last minute."
DELAY_S = 10.0
"The delay shown is the middle one of this time."
MAX_KEPT = 256
"Captions kept per speaker: a minute of fast speech has fewer."
MAX_SPEAKERS = 300
"The one who has been here longest is forgotten."
PREVIEW_S = 600.0
"The preview ends by itself."
MAX_SHOWN = 3


class RecentCaptions:
    """What was said lately in one call, in numbers; per speaker."""

    def __init__(self) -> None:
        self._sent: dict[str, deque[tuple[float, int, float]]] = {}
        "Speaker -> when a caption left, its words, its delay in seconds."
        self._shown: deque[Caption] = deque(maxlen=MAX_SHOWN)
        self._shown_until_s = float("-inf")
        self._is_shown = False

    @property
    def is_shown(self) -> bool:
        """Whether the preview is on."""
        return self._is_shown

    @property
    def shown(self) -> tuple[Caption, ...]:
        """The last captions; none unless the preview is on."""
        return tuple(self._shown)

    def add(self, caption: Caption, words: int, now_s: float) -> None:
        """A caption leaves now."""
        sent = self._sent.setdefault(caption.speaker, deque(maxlen=MAX_KEPT))
        if len(self._sent) > MAX_SPEAKERS:
            del self._sent[next(iter(self._sent))]
        sent.append((now_s, words, now_s - caption.started_s))
        if self._is_shown:
            self._shown.append(caption)

    def forget(self, speaker: str) -> None:
        """Somebody has left."""
        self._sent.pop(speaker, None)

    def words_per_minute(self, speaker: str, now_s: float) -> int:
        """Words of the last minute."""
        sent = self._sent.get(speaker, ())
        return sum(words for at_s, words, _ in sent if now_s - at_s < PACE_S)

    def delay_s(self, speaker: str, now_s: float) -> float | None:
        """Middle delay from a word to its caption; None if nothing was said lately."""
        delays = sorted(
            delay_s
            for at_s, _, delay_s in self._sent.get(speaker, ())
            if now_s - at_s < DELAY_S
        )
        return delays[len(delays) // 2] if delays else None

    def show(self, is_shown: bool, now_s: float) -> None:
        """Switch the preview on, for `PREVIEW_S`, or off."""
        if not is_shown:
            self.hide()
        self._is_shown = is_shown
        self._shown_until_s = now_s + PREVIEW_S

    def left_s(self, now_s: float) -> float:
        """Seconds that the preview stays on."""
        return max(0.0, self._shown_until_s - now_s) if self._is_shown else 0.0

    def hide(self) -> bool:
        """Switch the preview off and forget its words; False if it was off."""
        was_shown, self._is_shown = self._is_shown, False
        self._shown.clear()
        return was_shown

    def expire(self, now_s: float) -> bool:
        """Switch the preview off if its time is over; True if that was so just now."""
        return self._is_shown and now_s >= self._shown_until_s and self.hide()
