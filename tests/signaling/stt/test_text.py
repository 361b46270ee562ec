"""Pieces become words, whichever way a service cuts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.stt.text import MAX_WORD_CHARS, PIECE_WAIT_S, UNDECIDED_S, TextJoiner


def join(style: str, *pieces: str) -> list[str]:
    """All words of pieces that come quickly one after the other."""
    joiner = TextJoiner(style)
    words = [word for piece in pieces for word in joiner.piece(piece, 0.0)]
    return words + joiner.flush()


@pytest.mark.parametrize(
    ("style", "pieces", "words"),
    [
        ("subword", [" Hel", "lo,", " wor", "ld"], ["Hello,", "world"]),
        ("subword", [" l'", "été", "."], ["l'été."]),
        ("word", ["Hello,", "world"], ["Hello,", "world"]),
        ("word", ["New York", " "], ["New York"]),
        ("auto", [" Hel", "lo,", " world"], ["Hello,", "world"]),
        ("auto", ["Hello,", "my", "world"], ["Hello,", "my", "world"]),
        ("auto", ["Hello,", " wor", "ld"], ["Hello,", "world"]),
        ("auto", ["Hi"], ["Hi"]),
        ("auto", [], []),
    ],
)
def test_words(style: str, pieces: list[str], words: list[str]) -> None:
    """Whole words, in order, each once."""
    assert join(style, *pieces) == words


def test_undecided_text_does_not_wait_long() -> None:
    """Within 300 ms it leaves as words."""
    joiner = TextJoiner("auto")
    assert not joiner.deadline_s
    assert joiner.piece("Hello", 1.0) == []
    assert joiner.deadline_s == 1.0 + UNDECIDED_S
    assert joiner.due(1.1) == []
    assert joiner.due(1.0 + UNDECIDED_S) == ["Hello"]
    assert joiner.piece("my", 2.0) == []
    assert joiner.piece("world", 2.0) == ["my", "world"]
    assert joiner.piece("again", 3.0) == ["again"]


def test_last_piece_of_an_utterance_is_released_in_time() -> None:
    """A word is complete when nothing follows."""
    joiner = TextJoiner("subword")
    joiner.piece(" one", 1.0)
    assert joiner.deadline_s == 1.0 + PIECE_WAIT_S
    assert joiner.due(1.0 + PIECE_WAIT_S) == ["one"]


def test_endless_word_is_cut() -> None:
    """Bounded, whatever a service sends."""
    words = join("subword", *["x" * 400] * 3)
    assert all(len(word) <= MAX_WORD_CHARS for word in words)
    assert "".join(words) == "x" * 1200


@given(
    st.lists(st.text(alphabet="ab .,é", max_size=6)),
    st.sampled_from(["auto", "word", "subword"]),
)
def test_no_letter_is_lost(pieces: list[str], style: str) -> None:
    """Whatever comes, in whatever style."""
    words = join(style, *pieces)
    assert "".join(words).replace(" ", "") == "".join(pieces).replace(" ", "")
    assert all(word == word.strip() and word for word in words)
