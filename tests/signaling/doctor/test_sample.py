# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How well the sample was understood."""

import pytest

from signaling.audio.file import AudioFile
from signaling.doctor.sample import ENDS_S, FILE, WORDS, Heard, understood

ALL = [Heard(word, end_s + 0.5) for word, end_s in zip(WORDS, ENDS_S, strict=True)]


def test_every_word_half_a_second_late() -> None:
    found = understood(ALL)
    assert found.right == len(WORDS)
    assert found.share == 1.0
    assert found.delay_s == pytest.approx(0.5)


def test_marks_and_capitals_do_not_matter() -> None:
    assert understood([Heard("It", 1.0), Heard("was,", 1.1)]).right == 2


def test_wrong_and_missing_words() -> None:
    heard = [Heard("hello", 0.1), *ALL[3:6], Heard("hello", 9.0)]
    found = understood(heard)
    assert found.right == 3
    assert found.delay_s == pytest.approx(0.5)


def test_nothing() -> None:
    assert understood([]).share == 0.0


def test_sample_is_small_and_as_long_as_its_words() -> None:
    assert FILE.stat().st_size < 30_000
    with AudioFile(str(FILE)) as file:
        assert file.duration_s == pytest.approx(3.55, abs=0.1)
    assert list(ENDS_S) == sorted(ENDS_S)
