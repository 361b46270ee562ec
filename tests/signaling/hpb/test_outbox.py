# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Control messages come first and are not lost silently; captions grow old."""

import logging

import pytest

from signaling.hpb.messages import Answer, OutgoingMessage, RequestOffer, Transcript
from signaling.hpb.outbox import (
    MAX_CAPTION_AGE_S,
    MAX_CAPTIONS,
    MAX_CONTROL,
    Outbox,
)


@pytest.fixture
def outbox() -> Outbox:
    """An empty outbox."""
    return Outbox()


def caption(number: int) -> Transcript:
    """A caption that can be told from others."""
    return Transcript("V", "S", f"words {number}", "en")


def drain(outbox: Outbox, now_s: float) -> list[OutgoingMessage]:
    """All that may still be sent."""
    sent = []
    while (entry := outbox.get(now_s)) is not None:
        sent.append(entry[0])
    return sent


def test_control_goes_before_captions_and_each_keeps_its_order(outbox: Outbox) -> None:
    """An answer must not wait behind words."""
    messages: list[OutgoingMessage]
    messages = [caption(1), RequestOffer("A"), caption(2), RequestOffer("B")]
    for message in messages:
        outbox.put(message, 0.0)
    assert len(outbox) == 4
    assert drain(outbox, 0.0) == [messages[1], messages[3], messages[0], messages[2]]
    assert len(outbox) == 0


def test_captions_are_kept_for_five_seconds(outbox: Outbox) -> None:
    """Older words would only confuse; they are counted."""
    outbox.put(caption(1), 0.0)
    outbox.put(caption(2), 1.0)
    assert drain(outbox, 0.5 + MAX_CAPTION_AGE_S) == [caption(2)]
    assert outbox.dropped_captions == 1
    assert MAX_CAPTION_AGE_S == 5.0


def test_oldest_caption_gives_way(outbox: Outbox) -> None:
    """The queue is bounded, and what is dropped is counted."""
    for number in range(MAX_CAPTIONS + 3):
        outbox.put(caption(number), 0.0)
    assert drain(outbox, 0.0)[0] == caption(3)
    assert outbox.dropped_captions == 3


def test_control_messages_never_grow_old(outbox: Outbox) -> None:
    """They wait as long as the resume takes."""
    outbox.put(RequestOffer("A"), 0.0)
    assert drain(outbox, 1e6) == [RequestOffer("A")]


def test_same_offer_is_not_asked_for_twice(outbox: Outbox) -> None:
    """Each request would make the HPB set up another subscriber."""
    outbox.put(RequestOffer("A"), 0.0)
    outbox.put(RequestOffer("A"), 12.0)
    outbox.put(RequestOffer("A", "sid"), 12.0)
    assert drain(outbox, 12.0) == [RequestOffer("A"), RequestOffer("A", "sid")]


def test_control_beyond_the_bound_is_counted_and_logged_once(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Dropping one is a fault worth a line, but not a thousand lines."""
    for number in range(MAX_CONTROL + 5):
        outbox.put(Answer("A", str(number), "sdp"), 0.0)
    assert outbox.dropped_control == 5
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert outbox.get(0.0) == (Answer("A", "0", "sdp"), 0.0)
    outbox.put(Answer("A", "next", "sdp"), 0.0)
    outbox.put(Answer("A", "too many", "sdp"), 0.0)
    assert outbox.dropped_control == 6
    assert len(caplog.records) == 2


def test_what_could_not_be_sent_goes_back_to_the_front(outbox: Outbox) -> None:
    """The connection broke; the order stays, and captions keep their age."""
    outbox.put(RequestOffer("A"), 0.0)
    outbox.put(RequestOffer("B"), 0.0)
    outbox.put(caption(1), 0.0)
    outbox.put(caption(2), 0.0)
    entry = outbox.get(1.0)
    assert entry is not None
    outbox.put_back(*entry)
    assert drain(outbox, 1.0)[:2] == [RequestOffer("A"), RequestOffer("B")]
    outbox.put(caption(3), 2.0)
    entry = outbox.get(3.0)
    assert entry == (caption(3), 2.0)
    outbox.put_back(*entry)
    assert drain(outbox, 2.0 + MAX_CAPTION_AGE_S + 0.1) == []


def test_new_session_voids_requests_but_not_captions(outbox: Outbox) -> None:
    """Offers, answers and candidates name sessions that are gone."""
    outbox.put(RequestOffer("A"), 0.0)
    outbox.put(caption(1), 0.0)
    outbox.discard_control()
    assert drain(outbox, 0.0) == [caption(1)]
    assert outbox.dropped_control == 0
