"""What comes out of speech-to-text, one small type each. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ready:
    """The server takes audio."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text as the wire brought it, a word or a part of one; see `text.py`."""

    text: str


@dataclass(frozen=True, slots=True)
class Word:
    """A whole word with its punctuation, without surrounding space, never revised."""

    text: str
    start_s: float | None = None
    "Seconds of audio since the connection was ready; None where the wire has none."


@dataclass(frozen=True, slots=True)
class WordEnd:
    """The last word ended here."""

    stop_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """The speaker has stopped speaking for the moment."""


@dataclass(frozen=True, slots=True)
class MarkerReached:
    """Everything sent before the marker has been recognised."""

    id: int


@dataclass(frozen=True, slots=True)
class Alive:
    """The server works but has nothing to say."""


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """The connection was lost, refused or never came; a new one follows if retryable."""

    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Garbage:
    """The server sent something that is not of its wire."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The stream has ended for good; nothing comes after this."""


SttEvent = (
    Ready
    | Piece
    | Word
    | WordEnd
    | Pause
    | MarkerReached
    | Alive
    | StreamFailed
    | Garbage
    | Closed
)
