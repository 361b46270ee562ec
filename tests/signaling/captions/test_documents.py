# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Words with times as documents that players take."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from signaling.captions.documents import (
    FORMATS,
    MAX_CUE_CHARS,
    TimedWord,
    as_json,
    cues,
    plain_text,
    subrip,
    webvtt,
)

WORDS = [
    TimedWord("It", 0.0),
    TimedWord("was", 0.25),
    TimedWord("<best>.", 0.5),
    TimedWord("Then", 3725.5),
]


def test_sentences_and_pauses_begin_a_new_cue() -> None:
    """A cue ends with its last word, not with the next one minutes later."""
    first, second = cues(WORDS)
    assert (first.text, first.start_s) == ("It was <best>.", 0.0)
    assert 0.5 < first.end_s < 3
    assert (second.start_s, round(second.end_s, 2)) == (3725.5, 3725.9)


def test_webvtt_is_escaped() -> None:
    """Markup of a speaker is none of ours."""
    assert webvtt(WORDS) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.700\nIt was &lt;best&gt;.\n\n"
        "01:02:05.500 --> 01:02:05.900\nThen\n"
    )


def test_subrip_counts_its_cues() -> None:
    """With commas in its times."""
    assert subrip(WORDS[3:]) == "1\n01:02:05,500 --> 01:02:05,900\nThen\n"


def test_text_and_json() -> None:
    """A line for each cue; every word with its time."""
    assert plain_text(WORDS) == "It was <best>.\nThen\n"
    assert json.loads(as_json(WORDS[:1])) == [{"text": "It", "start_s": 0.0}]


def test_nothing_is_an_empty_document() -> None:
    """And not an error."""
    assert [FORMATS[name]([]).strip() for name in ("vtt", "srt", "txt", "json")] == [
        "WEBVTT",
        "",
        "",
        "[]",
    ]


texts = st.text(st.characters(categories=("L", "P")), min_size=1, max_size=30)


@given(st.lists(st.tuples(texts, st.floats(0, 2)), max_size=60))
def test_no_word_is_lost_and_cues_follow_each_other(
    spoken: list[tuple[str, float]],
) -> None:
    """Whatever is said, and however fast."""
    at_s, words = 0.0, []
    for text, pause_s in spoken:
        at_s += pause_s
        words.append(TimedWord(text, at_s))
    found = cues(words)
    assert (
        " ".join(cue.text for cue in found).split(" ")
        == [*(word.text for word in words)]
        or not words
    )
    for cue, after in zip(found, found[1:], strict=False):
        assert cue.start_s <= cue.end_s <= after.start_s + 1e-9
    assert all(len(cue.text) <= MAX_CUE_CHARS + 31 for cue in found)
    assert len(re.findall(" --> ", webvtt(words))) == len(found)
