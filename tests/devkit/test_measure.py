# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The demo's arithmetic."""

import numpy as np
import pytest

from devkit.measure import (
    ReadWord,
    SpokenWord,
    bare,
    delays,
    first_sound_s,
    lost_and_repeated,
    percentile,
)


@pytest.mark.parametrize(
    ("sent", "read", "expected"),
    [
        ("a b c", "a b c", (0, 0)),
        ("a b c", "a c", (1, 0)),
        ("a b c", "a b b c", (0, 1)),
        ("a b c", "", (3, 0)),
        ("a b c", "a x c", (1, 1)),
    ],
)
def test_lost_and_repeated(sent: str, read: str, expected: tuple[int, int]) -> None:
    """What was sent and not read, what was read and not sent."""
    assert lost_and_repeated(sent.split(), read.split()) == expected


def test_delays_of_the_words_that_came() -> None:
    """Each from its own moment; lost words have none."""
    spoken = [SpokenWord(text, at_s) for at_s, text in enumerate("abcb")]
    read = [ReadWord("a", 1.0), ReadWord("c", 2.5), ReadWord("b", 5.0)]
    assert delays(spoken, read) == [1.0, 0.5, 2.0]


def test_percentiles() -> None:
    """Of nothing there is none."""
    assert percentile([], 0.5) is None
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(100), 0.95) == 95


def test_first_sound() -> None:
    """Where a recording begins to be heard."""
    samples = np.zeros(48_000, dtype=np.float32)
    assert first_sound_s(samples, 48_000) == 1.0
    samples[24_000] = 0.5
    assert first_sound_s(samples, 48_000) == 0.5


def test_bare_words() -> None:
    """Without punctuation and capitals."""
    assert bare("L'Été!") == "lété"
