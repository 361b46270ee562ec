# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Merging of captions while people talk over each other. Pure: times come in.

Talk opens a new block for each change of speaker and scrolls one line in two seconds.
So a caption of another speaker than the one shown last is held until the floor has
been quiet for `FLOOR_S`, until it has waited `MAX_HOLD_S`, or until it has `MAX_WORDS`
words; what one speaker says meanwhile is merged into one caption.
"""

from dataclasses import replace

from signaling.captions.caption import Caption

FLOOR_S = 2.0
MAX_HOLD_S = 2.0
MAX_WORDS = 8
MAX_CHARS = 500


class Pacer:
    """Decides when each caption of a call leaves; never reorders one speaker's words."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Caption, float]] = {}
        "Speaker -> merged caption and the time it was held first, oldest first."
        self._speaker = ""
        self._sent_s = float("-inf")

    @property
    def deadline_s(self) -> float | None:
        """When `due` will release something, None if nothing is held."""
        return min(
            (self._due_s(held_s) for _, held_s in self._held.values()), default=None
        )

    def push(self, caption: Caption, now_s: float) -> list[Caption]:
        """Take a caption; returns those that leave now."""
        released = self.due(now_s)
        held = self._held.get(caption.speaker)
        if held is not None and not _can_merge(held[0], caption):
            del self._held[caption.speaker]
            released.append(self._send(held[0], now_s))
            held = None
        if held is None and not self._is_taken(caption.speaker, now_s):
            return [*released, self._send(caption, now_s)]
        merged, held_s = _merge(held, caption, now_s)
        if len(merged.text.split()) >= MAX_WORDS:
            self._held.pop(caption.speaker, None)
            return [*released, self._send(merged, now_s)]
        self._held[caption.speaker] = merged, held_s
        return released

    def due(self, now_s: float) -> list[Caption]:
        """Release captions that have waited long enough, oldest first."""
        released = []
        for speaker, (caption, held_s) in list(self._held.items()):
            if now_s >= self._due_s(held_s):
                del self._held[speaker]
                released.append(self._send(caption, now_s))
        return released

    def flush(self) -> list[Caption]:
        """Release everything, oldest first."""
        held, self._held = self._held, {}
        return [caption for caption, _ in held.values()]

    def _due_s(self, held_s: float) -> float:
        return min(held_s + MAX_HOLD_S, max(held_s, self._sent_s + FLOOR_S))

    def _is_taken(self, speaker: str, now_s: float) -> bool:
        """Whether somebody else has the floor."""
        return speaker != self._speaker and now_s < self._sent_s + FLOOR_S

    def _send(self, caption: Caption, now_s: float) -> Caption:
        self._speaker = caption.speaker
        self._sent_s = now_s
        return caption


def _can_merge(before: Caption, after: Caption) -> bool:
    """Whether both fit into one message, which names one language."""
    chars = len(before.text) + 1 + len(after.text)
    return before.language == after.language and chars <= MAX_CHARS


def _merge(
    held: tuple[Caption, float] | None, caption: Caption, now_s: float
) -> tuple[Caption, float]:
    if held is None:
        return caption, now_s
    before, held_s = held
    return replace(before, text=f"{before.text} {caption.text}"), held_s
