# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Words with times as documents: WebVTT, SubRip, plain text, JSON. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

MAX_CUE_S = 5.0
MAX_CUE_CHARS = 74
"Two lines of 37 characters."
PAUSE_S = 1.2
"Between two words: the next cue begins."
LAST_WORD_S = 0.4
"A word whose end nobody knows is taken to last this long."

_SENTENCE_END = re.compile(r"[.!?…]$")


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word and where it begins, in seconds of the audio."""

    text: str
    start_s: float


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that are shown together."""

    start_s: float
    end_s: float
    text: str


def cues(words: Sequence[TimedWord]) -> list[Cue]:
    """Words in cues that can be read: by sentences, pauses, length and time."""
    found: list[Cue] = []
    current: list[TimedWord] = []
    for word in words:
        if current and _begins_anew(current, word):
            found.append(_cue(current, word.start_s))
            current = []
        current.append(word)
    if current:
        found.append(_cue(current, current[-1].start_s + LAST_WORD_S))
    return found


def webvtt(words: Sequence[TimedWord]) -> str:
    """https://www.w3.org/TR/webvtt1/; markup characters are escaped."""
    blocks = [
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{_escaped(cue.text)}\n"
        for cue in cues(words)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def subrip(words: Sequence[TimedWord]) -> str:
    """The format of `.srt` files."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues(words), 1)
    )


def plain_text(words: Sequence[TimedWord]) -> str:
    """A line for each cue."""
    return "".join(f"{cue.text}\n" for cue in cues(words))


def as_json(words: Sequence[TimedWord]) -> str:
    """Every word with its time."""
    return json.dumps([asdict(word) for word in words], ensure_ascii=False) + "\n"


FORMATS = {"vtt": webvtt, "srt": subrip, "txt": plain_text, "json": as_json}


def _begins_anew(current: list[TimedWord], word: TimedWord) -> bool:
    last = current[-1]
    chars = sum(len(known.text) + 1 for known in current) + len(word.text)
    return (
        bool(_SENTENCE_END.search(last.text))
        or word.start_s - last.start_s >= PAUSE_S
        or word.start_s - current[0].start_s >= MAX_CUE_S
        or chars > MAX_CUE_CHARS
    )


def _cue(words: list[TimedWord], next_s: float) -> Cue:
    end_s = min(next_s, words[-1].start_s + PAUSE_S)
    text = " ".join(word.text for word in words)
    return Cue(words[0].start_s, max(end_s, words[0].start_s), text)


def _clock(seconds: float, point: str) -> str:
    millis = max(0, round(seconds * 1000))
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{millis // 1000:02d}{point}{millis % 1000:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
