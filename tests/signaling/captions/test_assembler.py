"""Words become chunks that Talk can append, each once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.captions.assembler import MAX_CHARS, MAX_WAIT_S, CaptionAssembler, clean


def say(*words: tuple[str, float]) -> list[str]:
    """All chunks of words spoken at given times."""
    assembler = CaptionAssembler()
    chunks = [chunk for text, at_s in words for chunk in assembler.word(text, at_s)]
    return chunks + assembler.flush()


@pytest.mark.parametrize(
    ("words", "chunks"),
    [
        (
            [("one", 0), ("two", 0.1), ("three", 0.2), ("four", 0.25)],
            ["one two three", "four"],
        ),
        ([("Hello.", 0), ("You", 0.1)], ["Hello.", "You"]),
        ([("Really?”", 0), ("Yes", 0.1)], ["Really?”", "Yes"]),
        ([("one", 0), ("late", 0.5)], ["one late"]),
        ([("one", 0), (",", 0.1), ("two", 0.2)], ["one, two"]),
        ([("one", 0), ("!", 0.1), ("two", 0.2)], ["one!", "two"]),
        ([("«", 0), ("Bonjour", 0.1)], ["« Bonjour"]),
        ([("", 0), ("  ", 0), ("\x00\n", 0)], []),
        ([(" l'été \t dernier ", 0)], ["l'été dernier"]),
    ],
)
def test_chunks(words: list[tuple[str, float]], chunks: list[str]) -> None:
    """Three words, the end of a sentence, or time; marks stay with words."""
    assert say(*words) == chunks


def test_chunk_leaves_after_its_time() -> None:
    """A lone word waits for company, but not for long."""
    assembler = CaptionAssembler()
    assert not assembler.deadline_s
    assert assembler.word("one", 1.0) == []
    assert assembler.deadline_s == 1.0 + MAX_WAIT_S
    assert assembler.due(1.2) == []
    assert assembler.due(1.0 + MAX_WAIT_S) == ["one"]
    assert assembler.due(9.0) == []


def test_pause_releases_at_once() -> None:
    """Nothing more belongs to the chunk."""
    assembler = CaptionAssembler()
    assembler.word("one", 0.0)
    assert assembler.pause(0.1) == ["one"]


def test_lone_mark_is_held_for_the_next_word() -> None:
    """A mark of its own is no caption; at the very end it is not lost either."""
    assembler = CaptionAssembler()
    assert assembler.word("—", 0.0) == []
    assert assembler.due(5.0) == []
    assert assembler.word("Well.", 6.0) == ["— Well."]


def test_text_without_spaces_is_cut() -> None:
    """A hostile or broken service cannot make endless messages."""
    chunks = say(("x" * 1200, 0.0))
    assert [len(chunk) for chunk in chunks] == [MAX_CHARS, MAX_CHARS, 200]


@given(
    st.lists(st.tuples(st.text(max_size=30), st.floats(0, 1))),
    st.sampled_from([None, "due", "pause"]),
)
def test_nothing_is_lost_or_repeated(
    words: list[tuple[str, float]], meanwhile: str | None
) -> None:
    """All characters, once, in order; every chunk fit for Talk's renderer."""
    assembler, now_s, chunks = CaptionAssembler(), 0.0, []
    for text, pause_s in words:
        now_s += pause_s
        chunks += assembler.word(text, now_s)
        if meanwhile == "due":
            chunks += assembler.due(now_s + MAX_WAIT_S)
        elif meanwhile == "pause":
            chunks += assembler.pause(now_s)
    chunks += assembler.flush()
    said = "".join(clean(text) for text, _ in words).replace(" ", "")
    assert "".join(chunks).replace(" ", "") == said
    for chunk in chunks:
        assert chunk
        assert chunk == clean(chunk)
        assert len(chunk) <= MAX_CHARS
