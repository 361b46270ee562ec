"""Words and pauses of one speaker become append-only chunks. Pure: times come in.

A chunk leaves at `MAX_WORDS` words, `MAX_WAIT_S` after its first word, at the end of
a sentence or at a pause, whichever comes first.
"""

import re

MAX_WORDS = 3
MAX_WAIT_S = 0.3
MAX_CHARS = 500

_SENTENCE_END = re.compile(r"""[.!?…]["'”’»)\]]*$""")
_MARK_ONLY = re.compile(r"^[^\w]+$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b\ufeff]+")


class CaptionAssembler:
    """Collects words until a chunk is due."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._opening = ""
        "Marks that came before the word they belong to."
        self._first_s = 0.0

    @property
    def deadline_s(self) -> float | None:
        """When `due` will release the words that wait, None if none do."""
        return self._first_s + MAX_WAIT_S if self._words else None

    def word(self, text: str, now_s: float) -> list[str]:
        """Take one word; returns the chunks that leave now."""
        text = clean(text)
        if not text:
            return []
        if _MARK_ONLY.match(text):
            return self._mark(text)
        if self._opening:
            text, self._opening = f"{self._opening} {text}", ""
        if not self._words:
            self._first_s = now_s
        self._words.append(text)
        return self._release_if_due(now_s)

    def _mark(self, text: str) -> list[str]:
        """A mark belongs to the word before it, or waits for the one behind it."""
        if not self._words:
            self._opening = f"{self._opening} {text}".strip()[:MAX_CHARS]
            return []
        self._words[-1] += text
        return self._release_if_due(self._first_s)

    def _release_if_due(self, now_s: float) -> list[str]:
        full = len(self._words) >= MAX_WORDS or now_s >= self._first_s + MAX_WAIT_S
        if full or _SENTENCE_END.search(self._words[-1]):
            return self._release()
        return []

    def pause(self, now_s: float) -> list[str]:
        """The speaker paused: nothing more belongs to this chunk."""
        return self._release()

    def due(self, now_s: float) -> list[str]:
        """Release the words if they have waited long enough."""
        if self._words and now_s >= self._first_s + MAX_WAIT_S:
            return self._release()
        return []

    def flush(self) -> list[str]:
        """Release whatever waits: the stream has ended."""
        if self._opening:  # no word came for it, and it must not be lost
            self._words.append(self._opening)
            self._opening = ""
        return self._release()

    def _release(self) -> list[str]:
        words, self._words = self._words, []
        return split(" ".join(words)) if words else []


def clean(text: str) -> str:
    """One line of plain text: no control characters, single spaces, none around."""
    return " ".join(_CONTROL.sub(" ", text).split())


def split(text: str) -> list[str]:
    """Cut a text of more than `MAX_CHARS` at spaces, or anywhere if there is none."""
    chunks = []
    while len(text) > MAX_CHARS:
        cut = text.rfind(" ", 0, MAX_CHARS + 1)
        cut = cut if cut > 0 else MAX_CHARS
        chunks.append(text[:cut].strip())
        text = text[cut:].strip()
    return [chunk for chunk in (*chunks, text) if chunk]
