# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Revised hypotheses become words that stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devkit.agreement import WordAgreement

WORDS = st.lists(
    st.sampled_from(["it", "was", "the", "best", "of", "times", "worst", "age"]),
    max_size=14,
)


def released(hypotheses: list[str], final: str) -> list[list[str]]:
    """What comes out at each hypothesis and at the end."""
    agreement = WordAgreement()
    steps = [agreement.update(text) for text in hypotheses]
    return [*steps, agreement.complete(final)]


@pytest.mark.parametrize(
    ("hypotheses", "final", "steps"),
    [
        # a word needs two texts that agree, and another word behind it
        (
            ["It was", "It was the"],
            "It was the best.",
            [[], ["It", "was"], ["the", "best."]],
        ),
        (["It was", "It was"], "It was.", [[], ["It"], ["was."]]),
        # nothing before the end
        ([], "Yes.", [["Yes."]]),
        ([""], "", [[], []]),
        # a mark that only one of the texts has is left out
        (
            ["of times, it", "of times. it was"],
            "of times it was",
            [[], ["of", "times", "it"], ["was"]],
        ),
        # one word read differently: what was sent stays, nothing is said twice
        (
            ["That was the year", "That was the year that"],
            "That was the epoch of belief.",
            [[], ["That", "was", "the", "year"], ["of", "belief."]],
        ),
        # two words become one
        (
            ["in the mean time", "in the mean time we"],
            "in the meantime we go on",
            [[], ["in", "the", "mean", "time"], ["we", "go", "on"]],
        ),
        # one word becomes two
        (
            ["the sunrise", "the sunrise was"],
            "the sun rise was red",
            [[], ["the", "sunrise"], ["was", "red"]],
        ),
        # words turn up in front of those already sent
        (
            ["best of", "best of times"],
            "the best of times it was",
            [[], ["best", "of"], ["times", "it", "was"]],
        ),
        # a phrase repeated further on does not swallow what lies between
        (
            ["it was the", "it was the age"],
            "it is the age of wisdom it was the age of foolishness",
            [
                [],
                ["it", "was", "the"],
                ["age", "of", "wisdom", "it", "was", "the", "age", "of", "foolishness"],
            ],
        ),
        # the final text is shorter than what was sent
        (["a b c d", "a b c d"], "a b", [[], ["a", "b", "c"], []]),
        # lone marks are no words
        (["- well", "- well so"], "- well so .", [[], ["well"], ["so"]]),
    ],
)
def test_words_released(
    hypotheses: list[str], final: str, steps: list[list[str]]
) -> None:
    """Each case names what is special about it."""
    assert released(hypotheses, final) == steps


@given(WORDS, st.lists(st.integers(0, 14), max_size=6))
def test_growing_text_comes_out_exactly_once(final: list[str], cuts: list[int]) -> None:
    """If hypotheses only grow, all words come out, in order."""
    hypotheses = [" ".join(final[:cut]) for cut in sorted(cuts)]
    steps = released(hypotheses, " ".join(final))
    assert [word for step in steps for word in step] == final


@given(st.lists(WORDS, max_size=6), WORDS)
def test_any_revisions_stay_within_what_was_heard(
    hypotheses: list[list[str]], final: list[str]
) -> None:
    """Wild texts do no harm: no word from nowhere, and not many more than there were."""
    steps = released([" ".join(words) for words in hypotheses], " ".join(final))
    said = [word for step in steps for word in step]
    longest = max(map(len, [*hypotheses, final]))
    assert set(said) <= {word for words in [*hypotheses, final] for word in words}
    assert len(said) <= longest + len(final) + sum(map(len, hypotheses))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_taken(first: str, second: str) -> None:
    """Words come out as they stand in the text, marks aside."""
    said = [word for step in released([first], second) for word in step]
    assert all(word in second for word in said)
