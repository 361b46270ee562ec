# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The wish to end bounds what is under way, and nothing before."""

import asyncio
from collections.abc import Coroutine

import pytest

from signaling.stt.ending import Ending, comes_within


async def was_cut(work: Coroutine[None, None, None]) -> bool:
    """Whether the work ran out of time."""
    try:
        await work
    except TimeoutError:
        return True
    return False


async def test_body_may_take_its_time_before_the_wish() -> None:
    """Without a wish there is no deadline."""
    ending = Ending()
    async with ending.bounded(0.01):
        await asyncio.sleep(0.05)


async def test_wish_cuts_short_what_is_under_way() -> None:
    """The time runs from the wish on."""
    ending = Ending()

    async def work() -> None:
        async with ending.bounded(0.02):
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        cut = tasks.create_task(was_cut(work()))
        await asyncio.sleep(0)
        assert not cut.done()
        ending.wish()
        ending.wish()
    assert cut.result()


async def test_wish_bounds_what_begins_later() -> None:
    """A body entered after the wish has its seconds as well."""
    ending = Ending()
    ending.wish()
    with pytest.raises(TimeoutError):
        async with ending.bounded(0.01):
            await asyncio.Event().wait()


async def test_body_that_ended_is_forgotten() -> None:
    """A wish after the end has nothing to cut."""
    ending = Ending()
    async with ending.bounded(0.0):
        pass
    ending.wish()
    await asyncio.sleep(0.01)
    assert ending.wished.is_set()


async def test_inner_bound_that_ran_out_leaves_the_outer_one() -> None:
    """Bounds may stand within each other."""
    ending = Ending()
    ending.wish()
    async with ending.bounded(5.0):
        with pytest.raises(TimeoutError):
            async with ending.bounded(0.0):
                await asyncio.Event().wait()
        await asyncio.sleep(0)


async def test_event_in_time_and_too_late() -> None:
    """An event that is set counts even without any time."""
    event = asyncio.Event()
    assert not await comes_within(event, 0.01)
    event.set()
    assert await comes_within(event, 1.0)
