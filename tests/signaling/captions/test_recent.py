# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pace and delay of captions; words only while they are asked for."""

from signaling.captions.caption import Caption
from signaling.captions.recent import (
    MAX_KEPT,
    MAX_SHOWN,
    MAX_SPEAKERS,
    PREVIEW_S,
    RecentCaptions,
)


def caption(speaker: str, started_s: float, text: str = "two words") -> Caption:
    """Words whose first came at this time."""
    return Caption(text, "en", speaker, started_s)


def texts(recent: RecentCaptions) -> list[str]:
    """The words that are shown."""
    return [caption.text for caption in recent.shown]


def test_pace_and_delay_are_those_of_the_speaker_lately() -> None:
    recent = RecentCaptions()
    for at_s, delay_s in ((10.0, 0.1), (95.0, 0.5), (96.0, 0.2), (97.0, 0.3)):
        recent.add(caption("ann", at_s - delay_s), 2, at_s)
    assert recent.words_per_minute("ann", 100.0) == 6
    assert round(recent.delay_s("ann", 100.0) or 0, 3) == 0.3
    assert recent.delay_s("ann", 120.0) is None
    assert recent.words_per_minute("ben", 100.0) == 0
    recent.forget("ann")
    assert recent.words_per_minute("ann", 100.0) == 0


def test_memory_is_bounded() -> None:
    recent = RecentCaptions()
    for number in range(MAX_SPEAKERS + 50):
        recent.add(caption(f"speaker {number}", 0.0), 1, 0.0)
    for _ in range(MAX_KEPT * 2):
        recent.add(caption("ann", 0.0), 1, 0.0)
    assert len(recent._sent) == MAX_SPEAKERS
    assert recent.words_per_minute("ann", 0.0) == MAX_KEPT


def test_words_are_kept_only_while_the_preview_is_on() -> None:
    recent = RecentCaptions()
    recent.add(caption("ann", 0.0, "canary"), 1, 0.0)
    recent.show(True, 10.0)
    assert texts(recent) == []
    for number in range(5):
        recent.add(caption("ann", 11.0, f"text {number}"), 2, 11.0)
    assert texts(recent) == ["text 2", "text 3", "text 4"]
    assert len(texts(recent)) == MAX_SHOWN
    assert recent.left_s(20.0) == PREVIEW_S - 10.0
    assert not recent.expire(20.0)
    recent.show(False, 20.0)
    assert (texts(recent), recent.left_s(20.0)) == ([], 0.0)
    assert not recent.hide()


def test_the_preview_ends_by_itself_once() -> None:
    recent = RecentCaptions()
    recent.show(True, 0.0)
    assert recent.expire(PREVIEW_S)
    assert not recent.expire(PREVIEW_S + 1.0)
