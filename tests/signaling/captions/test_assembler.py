# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Words to chunks: when each leaves, and what it never is."""

import unicodedata
from itertools import groupby

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signaling.captions.assembler import (
    MAX_CHARS,
    MAX_MARK_CHARS,
    MAX_WAIT_S,
    CaptionAssembler,
    clean,
    split,
)
from signaling.stt.events import is_mark


def test_three_words_leave_together() -> None:
    """The third one completes the chunk."""
    assembler = CaptionAssembler()
    assert assembler.word("one", 0.0) == []
    assert assembler.word("two", 0.1) == []
    assert assembler.word("three", 0.2) == ["one two three"]
    assert assembler.deadline_s is None


def test_words_leave_300_ms_after_the_first() -> None:
    """The second word does not put it off."""
    assembler = CaptionAssembler()
    assembler.word("one", 1.0)
    assembler.word("two", 1.2)
    assert assembler.deadline_s == 1.0 + MAX_WAIT_S
    assert assembler.due(1.29) == []
    assert assembler.due(assembler.deadline_s) == ["one two"]
    assert assembler.due(9.0) == []


def test_word_after_the_deadline_takes_the_others_with_it() -> None:
    """Whoever is late to ask for `due` loses nothing."""
    assembler = CaptionAssembler()
    assembler.word("one", 0.0)
    assert assembler.word("two", 0.5) == ["one two"]


@pytest.mark.parametrize("word", ["end.", "what?", "no!", "well…", 'said."', "oui !»"])
def test_sentence_leaves_at_its_end(word: str) -> None:
    """Readers get the end of a thought at once."""
    assert CaptionAssembler().word(word, 0.0) == [word]


@pytest.mark.parametrize("word", ["a,", "3.5", "b:", "e.g"])
def test_other_marks_do_not_end_a_sentence(word: str) -> None:
    """A comma is worth waiting for more."""
    assert CaptionAssembler().word(word, 0.0) == []


def test_pause_and_flush_release_what_waits() -> None:
    """And nothing twice."""
    assembler = CaptionAssembler()
    assembler.word("one", 0.0)
    assert assembler.pause(0.1) == ["one"]
    assert assembler.pause(0.2) == []
    assembler.word("two", 0.3)
    assert assembler.flush() == ["two"]
    assert assembler.flush() == []


def test_lone_mark_joins_the_word_before() -> None:
    """And may end its sentence."""
    assembler = CaptionAssembler()
    assembler.word("one", 0.0)
    assert assembler.word("!", 0.1) == ["one!"]


@pytest.mark.parametrize(
    ("marks", "chunk"),
    [(["—"], "— yes."), (["¿"], "¿yes."), (["…", "«"], "… «yes."), ([")"], ") yes.")],
)
def test_lone_mark_without_a_word_goes_with_the_next(
    marks: list[str], chunk: str
) -> None:
    """A caption that is nothing but a mark is never sent, not even at a pause."""
    assembler = CaptionAssembler()
    for mark in marks:
        assert assembler.word(mark, 0.0) == []
        assert assembler.deadline_s is None
        assert assembler.pause(0.0) == []
    assert assembler.word("yes.", 1.0) == [chunk]


def test_opening_mark_is_not_put_behind_a_word() -> None:
    """It belongs to what comes next."""
    assembler = CaptionAssembler()
    assembler.word("said", 0.0)
    assert assembler.word("«", 0.1) == []
    assert assembler.word("yes.", 0.2) == ["said «yes."]


def test_marks_do_not_overtake_each_other() -> None:
    """A closing mark behind a held one waits with it."""
    assembler = CaptionAssembler()
    chunks = [
        c for word in ("one", "«", ".", "two.") for c in assembler.word(word, 0.0)
    ]
    assert "".join("".join(chunks).split()) == "one«.two."


def test_marks_without_end_are_not_hoarded() -> None:
    """A peer that sends nothing but marks fills no memory."""
    assembler = CaptionAssembler()
    for _ in range(1000):
        assembler.word("—", 0.0)
    (chunk,) = assembler.word("end.", 0.0)
    assert len(chunk) < 50


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("  a \t b\r\n", "a b"),
        ("a\x00b\x1b", "a b"),
        ("a\u2028b\u2029", "a b"),
        ("\ufeffco\u00adop\u200b", "coop"),
        ("\u202eevil\u202c", "evil"),
        ("a\ud800b", "a b"),
        ("\u200d", ""),
        ("\x00\n", ""),
        ("mi\u200ckhaham 👩\u200d🚀", "mi\u200ckhaham 👩\u200d🚀"),
        ("l'été", "l'été"),
    ],
)
def test_text_is_cleaned_for_the_browser(text: str, result: str) -> None:
    """Nothing invisible but what belongs to the writing, spaces single."""
    assert clean(text) == result


@pytest.mark.parametrize("text", ["", " ", "\n", "\u200b", "\x07"])
def test_text_of_nothing_is_no_word(text: str) -> None:
    """Talk's renderer fails on an empty caption."""
    assembler = CaptionAssembler()
    assert assembler.word(text, 0.0) == []
    assert assembler.flush() == []


@pytest.mark.parametrize(
    ("text", "chunks"),
    [
        ("short", ["short"]),
        ("x" * 500, ["x" * 500]),
        ("x" * 501, ["x" * 500, "x"]),
        ("x" * 500 + " y", ["x" * 500, "y"]),
        ("x" * 400 + " " + "y" * 400, ["x" * 400, "y" * 400]),
        ("x" * 500 + ".", ["x" * 499, "x."]),
        ("x" * 495 + "?" * 10, ["x" * 494, "x" + "?" * 10]),
        ("— " + "x" * 499, ["— " + "x" * 498, "x"]),
        ("", []),
    ],
)
def test_long_text_is_cut_at_spaces_where_there_are_any(
    text: str, chunks: list[str]
) -> None:
    """No chunk has more than 500 characters, and none is a lone mark."""
    assert split(text) == chunks


WORDS = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from([".", "«", "?", "one", "two.", "a b", ""]),
            st.text(max_size=20),
            st.text("xy", min_size=400, max_size=900),
            st.integers(480, 520).map("x".__mul__),
        ),
        st.sampled_from([0.0, 0.05, 0.2, 0.5]),
        st.booleans(),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(WORDS)
def test_words_come_out_once_in_order_and_in_time(
    steps: list[tuple[str, float, bool]],
) -> None:
    """Chunks are whole, clean and never later than 300 ms after their first word."""
    came = _letters("".join(clean(text) for text, _, _ in steps))
    runs = groupby(came, is_mark)
    assume(all(len(list(run)) <= MAX_MARK_CHARS for marks, run in runs if marks))
    assembler, chunks, now_s = CaptionAssembler(), [], 0.0
    for text, later_s, pause in steps:
        now_s += later_s
        if assembler.deadline_s is not None and now_s >= assembler.deadline_s:
            released = assembler.due(assembler.deadline_s)
            assert released
            chunks += released
        chunks += assembler.word(text, now_s)
        assert assembler.deadline_s is None or now_s < assembler.deadline_s
        if pause:
            chunks += assembler.pause(now_s)
            assert assembler.deadline_s is None
    chunks += assembler.flush()
    said = _letters("".join(chunks))
    assert came.startswith(said)
    assert not came[len(said) :] or is_mark(came[len(said) :])
    for chunk in chunks:
        assert chunk == chunk.strip()
        assert 0 < len(chunk) <= MAX_CHARS
        assert not is_mark(chunk)
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in chunk)


def _letters(text: str) -> str:
    return "".join(text.split())
