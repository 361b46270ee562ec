# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pieces to whole words: styles, marks, waits, hostile lengths."""

from itertools import groupby

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signaling.stt.events import is_mark
from signaling.stt.text import MAX_MARK_CHARS, MAX_WORD_CHARS, TextJoiner


def joined(style: str, pieces: list[str]) -> list[str]:
    """All words of these pieces, at one moment, with the end of the connection."""
    joiner = TextJoiner(style)
    return [w for piece in pieces for w in joiner.piece(piece, 0.0)] + joiner.flush()


@pytest.mark.parametrize(
    ("style", "pieces", "words"),
    [
        ("subword", [" Hel", "lo", ",", " wor", "ld", "."], ["Hello,", "world."]),
        ("subword", ["Hel", "lo", " you"], ["Hello", "you"]),
        ("subword", [" one two", "s three"], ["one", "twos", "three"]),
        ("subword", [" one ", "two"], ["one", "two"]),
        ("subword", [" va", " ?", " Oui"], ["va ?", "Oui"]),
        ("subword", [" dit", " «", " oui", " »"], ["dit", "«oui »"]),
        ("subword", [" wait", " .", ".", ".", " now"], ["wait ...", "now"]),
        ("subword", [" .", "NET", " rocks"], [".NET", "rocks"]),
        ("subword", ["", "  ", " a", "", " "], ["a"]),
        ("subword", [" —", " Yes"], ["— Yes"]),
        ("word", ["Hello,", "you"], ["Hello,", "you"]),
        ("word", ["  New York ", "now"], ["New York", "now"]),
        ("word", ["Well", ",", "yes"], ["Well", ", yes"]),
        ("word", ["(", "yes"], ["(yes"]),
        ("word", ["", " ", "\t", "a"], ["a"]),
        ("word", ["5", "%"], ["5", "%"]),
        ("subword", [" one", " «", " .", " two"], ["one", "«. two"]),
        ("auto", [" Hel", "lo", " you"], ["Hello", "you"]),
        ("auto", ["Hel", "lo", " you"], ["Hello", "you"]),
        ("auto", ["one", "two", "three", "four"], ["one", "two", "three", "four"]),
        ("auto", ["one", "two"], ["one", "two"]),
        ("auto", ["", "", "", " Hel", "lo"], ["Hello"]),
        ("auto", [], []),
        ("subword", ["."], []),
        ("word", ["."], []),
    ],
)
def test_pieces_become_whole_words(
    style: str, pieces: list[str], words: list[str]
) -> None:
    """Each style, with its marks and its spaces."""
    assert joined(style, pieces) == words


def test_word_waits_for_the_piece_that_ends_it() -> None:
    """A sub-word piece may go on: nothing leaves before the next word begins."""
    joiner = TextJoiner("subword")
    assert joiner.piece(" Hel", 0.0) == []
    assert joiner.piece("lo", 0.1) == []
    assert joiner.piece(" you", 0.2) == ["Hello"]


def test_whole_words_leave_at_once() -> None:
    """Nothing waits once a service is known to speak in words."""
    joiner = TextJoiner("word")
    assert joiner.piece("Hello", 0.0) == ["Hello"]
    assert joiner.deadline_s is None


def test_last_word_leaves_a_second_after_its_last_piece() -> None:
    """Not a moment before, and once."""
    joiner = TextJoiner("subword")
    joiner.piece(" Hel", 0.0)
    joiner.piece("lo", 0.5)
    assert joiner.deadline_s == 1.5
    assert joiner.due(1.49) == []
    assert joiner.due(1.5) == ["Hello"]
    assert joiner.due(9.0) == []


def test_undecided_pieces_are_held_for_300_ms_only() -> None:
    """The first of them sets the time; then they count as words."""
    joiner = TextJoiner("auto")
    assert joiner.piece("Hello", 1.0) == []
    assert joiner.piece("you", 1.2) == []
    assert joiner.deadline_s == pytest.approx(1.3)
    assert joiner.due(1.29) == []
    assert joiner.due(1.3) == ["Hello", "you"]


def test_released_pieces_still_count_for_the_decision() -> None:
    """The third piece decides, although the first two have left already."""
    joiner = TextJoiner("auto")
    joiner.piece("one", 0.0)
    joiner.piece("two", 0.1)
    joiner.due(0.5)
    assert joiner.piece("three", 1.0) == ["three"]
    assert joiner.piece("four", 1.1) == ["four"]


def test_a_pause_flushes_words_and_keeps_marks() -> None:
    """A mark that came alone goes with the next word, after the pause."""
    joiner = TextJoiner("word")
    assert joiner.piece("—", 0.0) == []
    assert joiner.flush() == []
    assert joiner.piece("Yes", 5.0) == ["— Yes"]


def test_words_of_a_wire_with_words_get_their_marks_too() -> None:
    """moshi-server's words take the same way."""
    joiner = TextJoiner("auto")
    assert joiner.word(" Hello ") == ["Hello"]
    assert joiner.word(" ") == []
    assert joiner.word("¿") == []
    assert joiner.word("Qué") == ["¿Qué"]


def test_marks_without_end_are_not_hoarded() -> None:
    """A peer that sends nothing but marks fills no memory."""
    joiner = TextJoiner("word")
    for _ in range(1000):
        assert joiner.piece("...", 0.0) == []
    (word,) = joiner.piece("end", 0.0)
    assert len(word) < 50


@pytest.mark.parametrize("style", ["auto", "word", "subword"])
def test_run_without_a_space_is_cut(style: str) -> None:
    """500 characters are the most a word may have."""
    text = "".join(joined(style, ["x" * 120] * 20))
    assert text == "x" * 2400
    assert max(map(len, joined(style, ["x" * 120] * 20))) <= MAX_WORD_CHARS


def test_endless_word_does_not_wait_for_its_end() -> None:
    """The first 500 characters leave when the 501st comes."""
    joiner = TextJoiner("subword")
    assert joiner.piece("x" * 500, 0.0) == []
    assert joiner.piece("y", 0.0) == ["x" * 500, "y"]


PIECES = st.lists(
    st.one_of(
        st.sampled_from([" ", "", " .", "?", " «", "»", " Hel", "lo", "word", " a b "]),
        st.text(max_size=12),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(PIECES, st.sampled_from(["auto", "word", "subword"]), st.data())
def test_every_letter_comes_out_once_in_order(
    pieces: list[str], style: str, data: st.DataObject
) -> None:
    """Over all pieces, waits and pauses; only marks that no word follows stay behind."""
    runs = groupby("".join(map(_letters, pieces)), is_mark)
    assume(all(len(list(run)) <= MAX_MARK_CHARS for marks, run in runs if marks))
    joiner, words, now_s = TextJoiner(style), [], 0.0
    for piece in pieces:
        now_s += data.draw(st.sampled_from([0.0, 0.1, 0.4, 1.2]))
        words += joiner.due(now_s)
        words += joiner.piece(piece, now_s)
        if data.draw(st.booleans()):
            words += joiner.flush()
    words += joiner.flush()
    said, came = _letters("".join(words)), _letters("".join(pieces))
    assert came.startswith(said)
    assert not came[len(said) :] or is_mark(came[len(said) :])


@settings(deadline=None)
@given(PIECES, st.sampled_from(["auto", "word", "subword"]))
def test_words_are_never_empty_padded_or_marks_alone(
    pieces: list[str], style: str
) -> None:
    """What the rest of the program may rely on."""
    for word in joined(style, pieces):
        assert word == word.strip()
        assert word
        assert len(word) <= MAX_WORD_CHARS
        assert not is_mark(word)


def _letters(text: str) -> str:
    return "".join(text.split())
