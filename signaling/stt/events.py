# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What comes out of speech-to-text, one small type each. Pure."""

import unicodedata
from dataclasses import dataclass

from signaling.stt.reasons import Renewal

_SAY_SOMETHING = frozenset("%‰&@#*/\\§")
"Punctuation by Unicode's tables, and yet read aloud: as good as a word."


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

    waiting_s: float = 0.0
    "Audio of ours that waits in the server, where the wire tells."


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """The connection was lost, refused or never came; a new one follows if retryable."""

    reason: str
    "For the operator; holds no secret."
    retryable: bool
    code: str = ""
    "A value of `Failure`; stable."


@dataclass(frozen=True, slots=True)
class Renewed:
    """Another connection took over while the one before still stood."""

    reason: Renewal


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
    | Renewed
    | Garbage
    | Closed
)


def is_mark(text: str) -> bool:
    """Whether a text is punctuation alone, which is never shown without a word."""
    return bool(text) and all(
        unicodedata.category(char).startswith("P") and char not in _SAY_SOMETHING
        for char in text
    )


def opens(mark: str) -> bool:
    """Whether a mark belongs to the word behind it, as brackets and quotes do."""
    return unicodedata.category(mark[-1]) in ("Ps", "Pi") or mark[-1] in "¿¡"
