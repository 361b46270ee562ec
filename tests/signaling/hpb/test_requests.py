# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Errors find the request they answer; what is remembered is bounded."""

from signaling.hpb.messages import RequestOffer, Transcript
from signaling.hpb.requests import MAX_PENDING, RequestLog


def test_request_is_found_once() -> None:
    """A second answer to the same id belongs to nothing."""
    log = RequestLog()
    first, second = log.new_id(), log.new_id()
    assert first != second
    log.remember(first, RequestOffer("A"))
    log.remember(second, Transcript("V", "S", "hi", "en"))
    assert log.take(first) == RequestOffer("A")
    assert log.take(second) == Transcript("V", "S", "hi", "en")
    assert log.take(first) is None
    assert log.take("") is None


def test_oldest_requests_are_forgotten() -> None:
    """Most are never answered."""
    log = RequestLog()
    ids = [log.new_id() for _ in range(MAX_PENDING + 1)]
    for request_id in ids:
        log.remember(request_id, RequestOffer(request_id))
    assert log.take(ids[0]) is None
    assert log.take(ids[1]) == RequestOffer(ids[1])


def test_captions_do_not_push_out_requests() -> None:
    """The error about a missing publisher comes ten seconds later."""
    log = RequestLog()
    request_id = log.new_id()
    log.remember(request_id, RequestOffer("A"))
    for _ in range(MAX_PENDING * 2):
        log.remember(log.new_id(), Transcript("V", "S", "hi", "en"))
    assert log.take(request_id) == RequestOffer("A")


def test_new_connection_starts_without_requests_but_with_new_ids() -> None:
    """Answers of the old connection cannot be mistaken for those of the new one."""
    log = RequestLog()
    request_id = log.new_id()
    log.remember(request_id, RequestOffer("A"))
    log.clear()
    assert log.take(request_id) is None
    assert log.new_id() != request_id
