# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Engines whose words are known beforehand, and the tones they listen to."""

from collections.abc import Sequence

import numpy as np
import pytest
import sphn
from hypothesis import given, settings
from hypothesis import strategies as st

from devkit.engine import RecognisedWord, Recogniser, Samples
from devkit.scripted import NumberedEngine, Script, ScriptedEngine
from devkit.tones import (
    NUMBERS,
    VOICES,
    dominant_frequency,
    silence,
    spoken_word,
    spoken_words,
    tone,
)


def texts(words: Sequence[RecognisedWord]) -> list[str]:
    """The words without their times."""
    return [word.text for word in words]


def heard(recogniser: Recogniser, samples: Samples, block: int = 1920) -> list[str]:
    """The words of some audio, fed in blocks."""
    words: list[RecognisedWord] = []
    for start in range(0, len(samples), block):
        words += recogniser.feed(samples[start : start + block])
    return texts(words + recogniser.finish())


def joined(*parts: Samples) -> Samples:
    """One after the other."""
    return np.concatenate(parts)


def through_opus(samples: Samples) -> Samples:
    """Encoded and decoded once, at the low rate of a default encoder."""
    writer, reader = sphn.OpusStreamWriter(24_000), sphn.OpusStreamReader(24_000)
    whole = len(samples) - len(samples) % 1920
    pages = [writer.append_pcm(samples[s : s + 1920]) for s in range(0, whole, 1920)]
    return np.concatenate([reader.append_bytes(page) for page in pages])


def test_numbered_words_in_order_with_their_times() -> None:
    """w1 w2 w3, every 0.3 s, known by a tenth of a second."""
    recogniser = NumberedEngine().open()
    words = recogniser.feed(joined(silence(0.5), spoken_words(3, [1, 2, 3])))
    assert texts(words) == ["w1", "w2", "w3"]
    assert [w.start_s for w in words] == pytest.approx([0.5, 0.8, 1.1], abs=0.03)
    assert [w.end_s - w.start_s for w in words] == pytest.approx([0.24] * 3)


def test_lost_audio_is_a_missing_number() -> None:
    """The words behind a hole keep their numbers."""
    audio = spoken_words(0, range(1, 11))
    hole = joined(audio[: 3 * 7200], audio[6 * 7200 :])
    assert heard(NumberedEngine().open(), hole) == [
        f"w{n}" for n in (1, 2, 3, *range(7, 11))
    ]


def test_audio_sent_twice_is_a_repeated_number() -> None:
    """A stretch that is replayed shows, and so does one word said twice."""
    engine = NumberedEngine()
    replay = spoken_words(0, [1, 2, 3, 2, 3, 4, 4, 5])
    assert heard(engine.open(), replay) == [f"w{n}" for n in (1, 2, 3, 2, 3, 4, 4, 5)]
    assert heard(engine.open(), spoken_words(0, [5, 6])) == ["w5", "w6"]


def test_a_short_hole_within_a_word_changes_nothing() -> None:
    """60 ms of silence in its middle neither lose nor double it."""
    audio = spoken_words(0, range(1, 6)).copy()
    for word in range(5):
        audio[word * 7200 + 2000 : word * 7200 + 3440] = 0.0
    assert heard(NumberedEngine().open(), audio) == [f"w{n}" for n in range(1, 6)]


def test_too_little_of_a_word_is_no_word() -> None:
    """A click of 40 ms says nothing."""
    assert (
        heard(NumberedEngine().open(), joined(spoken_word(0, 1)[:960], silence(1)))
        == []
    )


def test_numbers_go_on_beyond_what_the_tones_can_say() -> None:
    """They are unwrapped, across streams too, and through a hole of a hundred."""
    engine = NumberedEngine()
    first = heard(engine.open(), spoken_words(2, range(1, NUMBERS + 1)))
    assert first[-1] == f"w{NUMBERS}"
    after = heard(engine.open(), spoken_words(2, range(NUMBERS + 101, NUMBERS + 104)))
    assert after == [f"w{NUMBERS + n}" for n in (101, 102, 103)]
    back = heard(engine.open(), spoken_words(2, [NUMBERS + 90]))
    assert back == [f"w{NUMBERS + 90}"]


@pytest.mark.parametrize("voice", range(VOICES))
def test_every_voice_survives_opus(voice: int) -> None:
    """A codec at a low rate keeps apart voices and numbers."""
    scripts = {v: [f"v{v}n{n}" for n in range(1, 145)] for v in range(VOICES)}
    numbers = range(1, NUMBERS + 1, 7)
    audio = through_opus(joined(spoken_words(voice, numbers), silence(0.5)))
    expected = [f"v{voice}n{n}" for n in numbers]
    assert heard(NumberedEngine(scripts).open(), audio) == expected


def test_script_of_a_voice_and_its_end() -> None:
    """Words of any language; behind the last there is silence."""
    engine = NumberedEngine({1: ["L'été,", "déjà ?"]})
    assert heard(engine.open(), spoken_words(1, range(1, 6))) == ["L'été,", "déjà ?"]
    assert heard(engine.open(), spoken_words(0, [1])) == ["w1"]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5_000), st.integers(0, 2_000))
def test_numbers_do_not_depend_on_blocks_or_alignment(block: int, shift: int) -> None:
    """However the audio is cut, and wherever it begins."""
    audio = joined(silence(shift / 24_000), spoken_words(4, range(1, 6)))
    engine = NumberedEngine()
    assert heard(engine.open(), audio, block) == [f"w{n}" for n in range(1, 6)]


@pytest.mark.parametrize(("voice", "number"), [(-1, 1), (VOICES, 1), (0, 0)])
def test_words_that_do_not_exist(voice: int, number: int) -> None:
    """A wrong voice or number is refused."""
    with pytest.raises(ValueError, match="no voice"):
        spoken_word(voice, number)


def test_no_words_is_no_audio() -> None:
    """An empty speech is empty."""
    assert len(spoken_words(0, [])) == 0


def test_tones_at_48_khz_are_twice_as_many_samples() -> None:
    """The publisher's rate."""
    assert len(spoken_word(0, 1, 48_000)) == 2 * len(spoken_word(0, 1)) == 14_400


@pytest.mark.parametrize("hz", [220.0, 440.0, 1_000.0])
def test_dominant_frequency(hz: float) -> None:
    """Within a few Hz over a quarter of a second."""
    assert dominant_frequency(tone(hz, 0.25)) == pytest.approx(hz, abs=4.0)
    assert dominant_frequency(silence(0.25)) == 0.0
    assert dominant_frequency(silence(0.0)) == 0.0


def test_script_follows_voiced_audio() -> None:
    """One word for each 0.3 s of sound; silence in between does not count."""
    script = Script(("Bonjour,", "l'été", "est", "là !"))
    audio = joined(tone(440, 0.65), silence(2.0), tone(440, 0.7))
    recogniser = ScriptedEngine(script).open()
    words = recogniser.feed(audio)
    assert texts(words) == ["Bonjour,", "l'été", "est", "là !"]
    assert words[0].end_s == pytest.approx(0.3)
    assert words[2].end_s == pytest.approx(2.9, abs=0.05)
    assert recogniser.finish() == []
    assert recogniser.feed(tone(440, 1.0)) == []


def test_script_by_audio_time() -> None:
    """Once the voice is known, silence counts as well, if the script says so."""
    script = Script(("a", "b", "c"), every_s=0.5, also_in_silence=True)
    words = ScriptedEngine(script).open().feed(joined(tone(440, 0.5), silence(1.0)))
    assert [w.end_s for w in words] == pytest.approx([0.5, 1.0, 1.5])


def test_scripts_belong_to_frequencies_and_go_on_after_a_reconnect() -> None:
    """Each stream finds its own script, where the last stream of that voice stopped."""
    engine = ScriptedEngine({300.0: Script(("a", "b", "c")), 900.0: Script(("x", "y"))})
    assert heard(engine.open(), tone(905, 0.65)) == ["x", "y"]
    assert heard(engine.open(), tone(300, 0.65)) == ["a", "b"]
    assert heard(engine.open(), tone(300, 0.65)) == ["c"]
    assert engine.unknown_voices == 0


def test_unknown_sound_says_nothing() -> None:
    """No script within reach; counted once for the stream."""
    engine = ScriptedEngine({300.0: Script(("a",))})
    assert heard(engine.open(), tone(600, 2.0)) == []
    assert engine.unknown_voices == 1


def test_own_way_of_choosing() -> None:
    """A test with recordings tells speakers apart as it likes."""
    loud, quiet = Script(("LOUD",)), Script(("quiet",))
    engine = ScriptedEngine(
        {}, choose=lambda voiced: loud if np.abs(voiced).max() > 0.1 else quiet
    )
    assert heard(engine.open(), tone(500, 0.4) * np.float32(0.3)) == ["quiet"]
    assert heard(engine.open(), tone(500, 0.4)) == ["LOUD"]
