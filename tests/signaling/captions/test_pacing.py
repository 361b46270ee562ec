# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Captions of people who talk over each other are held, merged and never lost."""

from collections import defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.captions.caption import Caption
from signaling.captions.pacing import MAX_CHARS, MAX_HOLD_S, Pacer


def caption(speaker: str, text: str, language: str = "en") -> Caption:
    """A caption; its first word's time does not matter here."""
    return Caption(text, language, speaker, 0.0)


def texts(captions: list[Caption]) -> list[str]:
    """Speaker and text of each."""
    return [f"{c.speaker}: {c.text}" for c in captions]


def test_one_speaker_is_never_held() -> None:
    """However quickly the captions follow each other."""
    pacer = Pacer()
    for n in range(20):
        assert texts(pacer.push(caption("A", f"w{n}"), n * 0.1)) == [f"A: w{n}"]
    assert pacer.deadline_s is None


def test_first_caption_leaves_at_once() -> None:
    """Nobody has the floor at the start."""
    assert texts(Pacer().push(caption("A", "hi"), 5.0)) == ["A: hi"]


def test_other_speaker_passes_after_two_quiet_seconds() -> None:
    """The floor is free then."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    assert texts(pacer.push(caption("B", "yes"), 2.0)) == ["B: yes"]


def test_other_speaker_is_held_and_merged_until_the_floor_is_free() -> None:
    """One block for B instead of two."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    assert pacer.push(caption("B", "yes"), 0.5) == []
    assert pacer.push(caption("B", "of course"), 1.0) == []
    assert pacer.deadline_s == 2.0
    assert pacer.due(1.99) == []
    assert texts(pacer.due(2.0)) == ["B: yes of course"]
    assert pacer.deadline_s is None


def test_nobody_is_held_longer_than_two_seconds() -> None:
    """Although A never stops talking."""
    pacer = Pacer()
    pacer.push(caption("A", "a0"), 0.0)
    pacer.push(caption("B", "yes"), 0.5)
    for n in range(1, 20):
        captions = pacer.push(caption("A", f"a{n}"), n * 0.125)
        assert "B: yes" not in texts(captions)
    assert pacer.deadline_s == 0.5 + MAX_HOLD_S
    assert texts(pacer.due(2.5)) == ["B: yes"]


def test_eight_words_are_enough_to_change_the_speaker() -> None:
    """A full line is worth a block of its own."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    assert pacer.push(caption("B", "1 2 3 4"), 0.1) == []
    assert texts(pacer.push(caption("B", "5 6 7 8"), 0.2)) == ["B: 1 2 3 4 5 6 7 8"]
    assert pacer.deadline_s is None


def test_held_captions_leave_oldest_first_with_a_due_one() -> None:
    """A push that finds something due releases it first."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    pacer.push(caption("B", "yes"), 0.5)
    assert texts(pacer.push(caption("C", "no"), 2.1)) == ["B: yes"]
    assert texts(pacer.due(4.1)) == ["C: no"]


def test_two_held_speakers_do_not_leave_in_the_same_moment() -> None:
    """The second one waits for the first, at most its two seconds."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    pacer.push(caption("B", "yes"), 1.0)
    pacer.push(caption("C", "no"), 1.5)
    assert texts(pacer.due(2.0)) == ["B: yes"]
    assert pacer.deadline_s == 3.5
    assert texts(pacer.due(3.5)) == ["C: no"]


def test_languages_are_not_merged() -> None:
    """A caption names one language; the earlier one leaves and gives B the floor."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    pacer.push(caption("B", "oui", "fr"), 0.1)
    released = pacer.push(caption("B", "yes", "en"), 0.2)
    assert [(c.text, c.language) for c in released] == [("oui", "fr"), ("yes", "en")]


def test_merged_captions_stay_below_the_limit() -> None:
    """500 characters; the space between the two counts."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    pacer.push(caption("B", "x" * 250), 0.1)
    assert texts(pacer.push(caption("B", "y" * 250), 0.2)) == [
        "B: " + "x" * 250,
        "B: " + "y" * 250,
    ]


def test_merged_caption_of_exactly_the_limit_is_one() -> None:
    """The limit itself is allowed."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    pacer.push(caption("B", "x" * 250), 0.1)
    assert pacer.push(caption("B", "y" * 249), 0.2) == []
    (merged,) = pacer.flush()
    assert len(merged.text) == MAX_CHARS


def test_flush_releases_everything_oldest_first() -> None:
    """The call is about to end."""
    pacer = Pacer()
    pacer.push(caption("A", "hi"), 0.0)
    pacer.push(caption("B", "yes"), 0.1)
    pacer.push(caption("C", "no"), 0.2)
    assert texts(pacer.flush()) == ["B: yes", "C: no"]
    assert pacer.flush() == []


PUSHES = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.integers(1, 5),
        st.sampled_from(["en", "fr"]),
        st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.5]),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(PUSHES)
def test_every_word_leaves_once_in_its_speakers_order_and_in_time(
    pushes: list[tuple[str, int, str, float]],
) -> None:
    """For any overlap: nothing lost, repeated, reordered, or held beyond 2 s."""
    pacer, now_s = Pacer(), 0.0
    spoken: dict[str, list[str]] = defaultdict(list)
    shown: dict[str, list[tuple[str, float]]] = defaultdict(list)
    spoken_s: dict[str, float] = {}

    def show(captions: list[Caption], at_s: float) -> None:
        for c in captions:
            assert len(c.text) <= MAX_CHARS
            shown[c.speaker] += [(word, at_s) for word in c.text.split()]

    for number, (speaker, count, language, later_s) in enumerate(pushes):
        now_s += later_s
        while pacer.deadline_s is not None and pacer.deadline_s <= now_s:
            due_s = pacer.deadline_s
            released = pacer.due(due_s)
            assert released
            show(released, due_s)
        words = [f"{number}.{n}" for n in range(count)]
        spoken[speaker] += words
        spoken_s |= dict.fromkeys(words, now_s)
        show(pacer.push(caption(speaker, " ".join(words), language), now_s), now_s)
    show(pacer.flush(), now_s)
    for speaker, words in spoken.items():
        assert [word for word, _ in shown[speaker]] == words
        times = [at_s for _, at_s in shown[speaker]]
        assert all(earlier <= later for earlier, later in pairwise(times))
        for word, at_s in shown[speaker]:
            assert at_s - spoken_s[word] <= MAX_HOLD_S + 1e-9
