"""One speaker passes at once; people who talk over each other take turns."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.captions.caption import Caption
from signaling.captions.pacing import FLOOR_S, MAX_HOLD_S, Pacer


def caption(speaker: str, text: str) -> Caption:
    """A caption whose language and time do not matter."""
    return Caption(text, "en", speaker, 0.0)


def texts(captions: list[Caption]) -> list[tuple[str, str]]:
    """Who and what."""
    return [(c.speaker, c.text) for c in captions]


def test_one_speaker_is_never_held() -> None:
    """The usual case costs no time."""
    pacer = Pacer()
    for number in range(5):
        assert len(pacer.push(caption("a", str(number)), number * 0.3)) == 1
    assert pacer.deadline_s is None


def test_other_speaker_is_held_and_merged_until_the_floor_is_free() -> None:
    """One block instead of many."""
    pacer = Pacer()
    pacer.push(caption("a", "one"), 0.0)
    assert pacer.push(caption("b", "x"), 0.5) == []
    assert pacer.push(caption("b", "y z"), 1.0) == []
    assert pacer.deadline_s == FLOOR_S
    assert pacer.due(1.9) == []
    assert texts(pacer.due(2.0)) == [("b", "x y z")]


def test_nobody_is_held_longer_than_the_limit() -> None:
    """Also while the other goes on speaking."""
    pacer = Pacer()
    pacer.push(caption("a", "one"), 0.0)
    pacer.push(caption("b", "x"), 0.5)
    pacer.push(caption("a", "two"), 1.9)
    assert pacer.deadline_s == 0.5 + MAX_HOLD_S
    assert texts(pacer.due(2.5)) == [("b", "x")]


def test_eight_words_are_enough_for_a_block() -> None:
    """A fast speaker does not wait for the time."""
    pacer = Pacer()
    pacer.push(caption("a", "one"), 0.0)
    assert pacer.push(caption("b", "1 2 3"), 0.1) == []
    assert pacer.push(caption("b", "4 5 6"), 0.2) == []
    assert texts(pacer.push(caption("b", "7 8"), 0.3)) == [("b", "1 2 3 4 5 6 7 8")]


def test_long_texts_are_not_merged_beyond_the_limit() -> None:
    """What Talk and the HPB take stays bounded."""
    pacer = Pacer()
    pacer.push(caption("a", "one"), 0.0)
    pacer.push(caption("b", "x" * 400), 0.1)
    assert texts(pacer.push(caption("b", "y" * 400), 0.2)) == [("b", "x" * 400)]
    assert texts(pacer.flush()) == [("b", "y" * 400)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.integers(1, 9),
            st.floats(0, 3),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_words_stay_in_order_and_complete(
    turns: list[tuple[str, int, float, bool]],
) -> None:
    """Each speaker's words, each once, in order, and none later than the limit."""
    pacer, now_s, out, said = Pacer(), 0.0, list[Caption](), dict[str, list[str]]()
    pushed: dict[str, float] = {}
    for speaker, count, pause_s, look in turns:
        now_s += pause_s
        if look:
            out += pacer.due(now_s)
        deadline_s = pacer.deadline_s
        assert deadline_s is None or deadline_s <= max(pushed.values()) + MAX_HOLD_S
        words = [f"{speaker}{len(said.get(speaker, [])) + n}" for n in range(count)]
        said.setdefault(speaker, []).extend(words)
        pushed[speaker] = now_s
        out += pacer.push(caption(speaker, " ".join(words)), now_s)
    out += pacer.flush()
    for speaker, words in said.items():
        heard = [w for c in out if c.speaker == speaker for w in c.text.split()]
        assert heard == words
