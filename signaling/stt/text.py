"""Pieces of text become whole words. Pure: times come in.

Services differ in what a token is: a whole word without spaces, or a piece of a word,
with a leading space where a word begins. `auto` finds out by looking.
"""

MAX_WORD_CHARS = 500
UNDECIDED_PIECES = 3
"So many pieces without a leading space, and the service speaks in whole words."
UNDECIDED_S = 0.3
"Longest wait for the decision; then what is there counts as words."
PIECE_WAIT_S = 1.0
"A word is complete if nothing follows for this long."


class TextJoiner:
    """Joins one connection's pieces; words come out whole, in order, each once."""

    def __init__(self, style: str) -> None:
        self._style = style
        self._undecided: list[str] = []
        self._undecided_seen = 0
        self._pending = ""
        self._since_s = 0.0

    @property
    def deadline_s(self) -> float | None:
        """When `due` has something to release, None if nothing waits."""
        if self._undecided:
            return self._since_s + UNDECIDED_S
        return self._since_s + PIECE_WAIT_S if self._pending else None

    def piece(self, text: str, now_s: float) -> list[str]:
        """Take one piece; returns the words that are complete now."""
        if self._style == "auto":
            return self._decide(text, now_s)
        if self._style == "word":
            return _words(text)
        return self._join(text, now_s)

    def due(self, now_s: float) -> list[str]:
        """Release what has waited long enough."""
        deadline_s = self.deadline_s
        return self.flush() if deadline_s is not None and now_s >= deadline_s else []

    def flush(self) -> list[str]:
        """Release everything: a pause, or the end of the connection."""
        undecided, self._undecided = self._undecided, []
        pending, self._pending = self._pending, ""
        return [word for text in (*undecided, pending) for word in _words(text)]

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
        words = []
        if text[:1].isspace() or len(self._pending) + len(text) > MAX_WORD_CHARS:
            words = self.flush()
        self._pending += text
        self._since_s = now_s
        return words


def _words(text: str) -> list[str]:
    """The text without surrounding space, cut if absurdly long; inner spaces stay."""
    text = text.strip()
    return [text[i : i + MAX_WORD_CHARS] for i in range(0, len(text), MAX_WORD_CHARS)]
