# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pieces of text become whole words. Pure: times come in.

Services differ in what a token is: a whole word without spaces, or a piece of a word,
with a leading space where a word begins. `auto` finds out by looking. A lone mark is
never a word: it joins the word before it while that one is still here, else the next.
"""

import re
from collections.abc import Iterable

from signaling.stt.events import is_mark, opens

MAX_WORD_CHARS = 500
MAX_MARK_CHARS = 20
"Lone marks kept for the next word; a peer that sends nothing else is not hoarded."
UNDECIDED_PIECES = 3
"So many pieces without a leading space, and the service speaks in whole words."
UNDECIDED_S = 0.3
"Longest wait for the decision; then what is there counts as words."
PIECE_WAIT_S = 1.0
"A word is complete if nothing follows for this long."

_TOKEN = re.compile(r"\S+")


class TextJoiner:
    """Joins one connection's pieces; words come out whole, in order, each once."""

    def __init__(self, style: str) -> None:
        self._style = style
        self._undecided: list[str] = []
        self._undecided_seen = 0
        self._pending = ""
        self._mark = ""
        "Marks that came without a word and wait for the next one."
        self._since_s = 0.0

    @property
    def deadline_s(self) -> float | None:
        """When `due` has something to release, None if nothing waits."""
        if self._undecided:
            return self._since_s + UNDECIDED_S
        return self._since_s + PIECE_WAIT_S if self._pending else None

    def piece(self, text: str, now_s: float) -> list[str]:
        """Take one piece; returns the words that are complete now."""
        if not text:
            return []
        if self._style == "auto":
            return self._decide(text, now_s)
        if self._style == "word":
            return self.word(text)
        return self._join(text, now_s)

    def word(self, text: str) -> list[str]:
        """Take a text that the service calls a word; inner spaces stay."""
        text = text.strip()
        return self._whole([text] if text else [])

    def due(self, now_s: float) -> list[str]:
        """Release what has waited long enough."""
        deadline_s = self.deadline_s
        return self.flush() if deadline_s is not None and now_s >= deadline_s else []

    def flush(self) -> list[str]:
        """Release every word: a pause, or the end of the connection.

        Marks without a word stay for the next word; at the end they are nothing.
        """
        undecided, self._undecided = self._undecided, []
        pending, self._pending = self._pending, ""
        tokens = [piece.strip() for piece in undecided] + pending.split()
        return self._whole(token for token in tokens if token)

    def _decide(self, text: str, now_s: float) -> list[str]:
        self._undecided_seen += 1
        if text[:1].isspace():
            self._style = "subword"
        elif self._undecided_seen >= UNDECIDED_PIECES:
            self._style = "word"
        else:
            if not self._undecided:
                self._since_s = now_s
            self._undecided.append(text)
            return []
        undecided, self._undecided = self._undecided, []
        return [
            word for piece in (*undecided, text) for word in self.piece(piece, now_s)
        ]

    def _join(self, text: str, now_s: float) -> list[str]:
        """Append verbatim; all words but the last are complete."""
        pending = self._pending + text
        start = _last_word_start(pending)
        words = self._whole(pending[:start].split())
        self._pending = pending[start:]
        self._since_s = now_s
        if len(self._pending) > MAX_WORD_CHARS:
            words += self.flush()
        return words

    def _whole(self, tokens: Iterable[str]) -> list[str]:
        """Words with the lone marks around them attached."""
        words: list[str] = []
        for token in tokens:
            if not is_mark(token):
                words.append(_in_front(self._mark, token))
                self._mark = ""
            elif words and not self._mark and not opens(token):
                words[-1] = f"{words[-1]} {token}"
            else:
                self._mark = _in_front(self._mark, token)[:MAX_MARK_CHARS]
        return [part for word in words for part in _cut(word)]


def _last_word_start(text: str) -> int:
    """Where the last word begins, which may still go on or be given marks."""
    start = len(text)
    for token in reversed(list(_TOKEN.finditer(text))):
        start = token.start()
        if not is_mark(token.group()):
            break
    return start


def _in_front(mark: str, token: str) -> str:
    """A mark and what follows it; only opening marks stand close to it."""
    if not mark:
        return token
    return f"{mark}{token}" if opens(mark) else f"{mark} {token}"


def _cut(word: str) -> list[str]:
    """The word, in parts if it is absurdly long."""
    parts = [word[i : i + MAX_WORD_CHARS] for i in range(0, len(word), MAX_WORD_CHARS)]
    return [part.strip() for part in parts if part.strip()]
