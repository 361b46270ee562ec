# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Lone punctuation is told from words."""

import pytest

from signaling.stt.events import is_mark, opens


@pytest.mark.parametrize("text", [".", ",", "?!", "…", "«", "—", "'", "¿", "(", "。"])
def test_punctuation_alone_is_a_mark(text: str) -> None:
    """Such a text is never shown without a word."""
    assert is_mark(text)


@pytest.mark.parametrize(
    "text", ["", "a", "a.", "7", "%", "&", "€", "+", "🙂", " ", "§"]
)
def test_what_can_be_read_aloud_is_no_mark(text: str) -> None:
    """Words, digits, signs with a name; nothing is no mark either."""
    assert not is_mark(text)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [("(", True), ("«", True), ("“", True), ("¿", True), (")", False), (".", False)],
)
def test_opening_marks_belong_to_the_next_word(mark: str, expected: bool) -> None:
    """Brackets and quotes say by themselves which side they are on."""
    assert opens(mark) is expected
