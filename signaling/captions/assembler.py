# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Words and pauses of one speaker become append-only chunks. Pure: times come in.

A chunk leaves at `MAX_WORDS` words, `MAX_WAIT_S` after its first word, at the end of
a sentence or at a pause, whichever comes first.
"""

import re
import unicodedata

from signaling.stt.events import is_mark, opens

MAX_WORDS = 3
MAX_WAIT_S = 0.3
MAX_CHARS = 500
MAX_MARK_CHARS = 20
"Lone marks kept for the next word; a peer that sends nothing else is not hoarded."

_SENTENCE_END = re.compile(r"""[.!?…。！？]["'”’»)\]]*$""")
_UNSHOWN = frozenset(("Cc", "Cs", "Co", "Cn", "Zl", "Zp"))
_JOINERS = "\u200c\u200d"
"Invisible as well, and yet a part of how some scripts and signs are written."


class CaptionAssembler:
    """Collects words until a chunk is due."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._mark = ""
        "Marks that came when no word was here; the next word carries them."
        self._first_s = 0.0

    @property
    def started_s(self) -> float:
        """When the first word of the newest chunk came."""
        return self._first_s

    @property
    def deadline_s(self) -> float | None:
        """When `due` will release the words that wait, None if none do."""
        return self._first_s + MAX_WAIT_S if self._words else None

    def word(self, text: str, now_s: float) -> list[str]:
        """Take one word; returns the chunks that leave now."""
        text = clean(text)
        if not text:
            return []
        if is_mark(text):
            return self._take_mark(text, now_s)
        if not self._words:
            self._first_s = now_s
        self._words.append(self._mark + text)
        self._mark = ""
        return self._release_full(now_s)

    def pause(self, now_s: float) -> list[str]:
        """The speaker paused: nothing more belongs to this chunk."""
        return self.flush()

    def due(self, now_s: float) -> list[str]:
        """Release the words if they have waited long enough."""
        return self.flush() if self._has_waited(now_s) else []

    def flush(self) -> list[str]:
        """Release whatever waits; a mark without a word waits on."""
        words, self._words = self._words, []
        return split(" ".join(words)) if words else []

    def _take_mark(self, mark: str, now_s: float) -> list[str]:
        """Talk never gets a mark alone: it would stand in a block of its own."""
        if self._words and not self._mark and not opens(mark):
            self._words[-1] += mark
            return self._release_full(now_s)
        gap = "" if opens(mark) else " "
        self._mark = (self._mark + mark)[:MAX_MARK_CHARS].rstrip() + gap
        return []

    def _release_full(self, now_s: float) -> list[str]:
        is_full = len(self._words) >= MAX_WORDS or self._has_waited(now_s)
        if is_full or _SENTENCE_END.search(self._words[-1]):
            return self.flush()
        return []

    def _has_waited(self, now_s: float) -> bool:
        return bool(self._words) and now_s >= self._first_s + MAX_WAIT_S


def clean(text: str) -> str:
    """One line of plain text: nothing invisible, single spaces, none around."""
    words = "".join(map(_shown, text)).split()
    return " ".join(word for word in words if word.strip(_JOINERS))


def split(text: str) -> list[str]:
    """Cut a text of more than `MAX_CHARS` at spaces, or anywhere if there is none."""
    chunks = []
    while len(text) > MAX_CHARS:
        cut = _cut(text)
        chunks.append(text[:cut].strip())
        text = text[cut:].strip()
    return [chunk for chunk in (*chunks, text) if chunk]


def _cut(text: str) -> int:
    """Where to cut a long text, so that no mark is left alone on either side."""
    cut = text.rfind(" ", 0, MAX_CHARS + 1)
    if cut <= 0 or is_mark(text[:cut]):
        cut = MAX_CHARS
    while len(text) - cut <= MAX_MARK_CHARS and is_mark(text[cut:].strip()):
        cut -= 1
    return cut


def _shown(char: str) -> str:
    """The character, or what stands for one that must not reach a browser."""
    category = unicodedata.category(char)
    if category == "Cf" and char not in _JOINERS:
        return ""  # soft hyphens, changes of direction, marks of byte order
    return " " if category in _UNSHOWN else char
