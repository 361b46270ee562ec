# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Who takes audio, and whose words come first."""

import asyncio

import pytest

from signaling.stt.floor import Floor, News
from signaling.stt.reasons import Renewal


async def test_news_wake_whoever_waits_for_them() -> None:
    """Looked at again with each, until it is so."""
    news, seen = News(), list[int]()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(news.until(lambda: len(seen) == 2))
        for number in range(2):
            await asyncio.sleep(0)
            seen.append(number)
            news.tell()
    await news.until(lambda: True)


def test_reason_is_wanted_once_and_only_with_the_floor() -> None:
    """Later reasons change nothing; nobody replaces what takes no audio."""
    floor = Floor(News())
    assert not floor.want(Renewal.STALL)
    floor.given.set()
    assert floor.is_held
    assert floor.want(Renewal.AGE)
    assert not floor.want(Renewal.FREEZE)
    assert floor.wanted is Renewal.AGE
    left = Floor(News())
    left.given.set()
    left.leave()
    assert not left.is_held
    assert not left.want(Renewal.FREEZE)
    assert left.wanted is None


@pytest.mark.parametrize("reason", list(Renewal))
def test_word_withdraws_what_was_wanted_for_want_of_words(reason: Renewal) -> None:
    """Not what the clock, the bytes or the backlog ask for; nor what is done."""
    floor = Floor(News())
    floor.withdraw()
    floor.given.set()
    floor.want(reason)
    floor.withdraw()
    is_gone = reason in (Renewal.FREEZE, Renewal.GARBAGE)
    assert (floor.wanted is None) == is_gone
    floor.wanted = reason
    floor.leave()
    floor.withdraw()
    assert floor.wanted is reason


async def test_words_wait_for_all_connections_before() -> None:
    """A connection that ends early does not let others overtake the oldest."""
    news = News()
    first = Floor(news)
    second = Floor(news, (first,))
    third = Floor(news, (first, second))
    async with asyncio.TaskGroup() as tasks:
        turn = tasks.create_task(third.turn())
        second.end()
        await asyncio.sleep(0)
        assert not turn.done()
        first.end()
    await second.turn()
    await first.turn()


def test_end_is_leaving_too() -> None:
    """And for good."""
    floor = Floor(News())
    floor.ready()
    assert (floor.is_ready, floor.has_left, floor.has_ended) == (True, False, False)
    floor.end()
    assert (floor.has_left, floor.has_ended) == (True, True)
