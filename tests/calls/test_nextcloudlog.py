# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What Nextcloud's log is told, over a real connection."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from pytest_django.fixtures import Settings

from calls.logfolding import FOLDED_S
from calls.nextcloudlog import MAX_WAITING, NextcloudHandler, NextcloudLog
from devkit.nextcloud import NextcloudStandIn
from devkit.talk import AppCredentials
from livetranscription.logs import CallFilter, room_token
from tests.calls.conftest import SECRET

logger = logging.getLogger("tests.nextcloudlog")


class Clock:
    """Goes when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def stand_in(settings: Settings) -> AsyncIterator[NextcloudStandIn]:
    """The devkit's Nextcloud, which has enabled us."""
    async with NextcloudStandIn(AppCredentials(SECRET)) as nextcloud:
        settings.NEXTCLOUD_URL = nextcloud.url
        nextcloud.enabled = True
        yield nextcloud


@pytest.fixture
def clock() -> Clock:
    """Of the queue."""
    return Clock()


@pytest.fixture
def log(clock: Clock) -> Iterator[NextcloudLog]:
    """A queue that warnings of this process go to."""
    made = NextcloudLog(clock, first_retry_s=0.01)
    handler = NextcloudHandler(made)
    handler.setLevel(logging.WARNING)
    handler.addFilter(CallFilter())
    logging.getLogger().addHandler(handler)
    yield made
    logging.getLogger().removeHandler(handler)


@contextlib.asynccontextmanager
async def telling(log: NextcloudLog) -> AsyncIterator[None]:
    """The sender, ended as the server ends it."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(log.run())
        await asyncio.sleep(0)
        yield
        task.cancel()


async def until_told(log: NextcloudLog, count: int) -> None:
    """Wait until that many messages are there, and known to be."""
    async with asyncio.timeout(5):
        while log.told < count:  # noqa: ASYNC110 - a plain number
            await asyncio.sleep(0.005)


async def test_a_warning_arrives_with_its_room(
    stand_in: NextcloudStandIn, log: NextcloudLog
) -> None:
    """From a thread too; what is less than a warning does not."""
    room_token.set("abc123")
    async with telling(log):
        logger.info("fine")
        await asyncio.to_thread(logger.warning, "lost %s\nand more", "it")
        await until_told(log, 1)
        logger.critical("the end")
        await until_told(log, 2)
    assert stand_in.record.log == ["[abc123] lost it and more", "[abc123] the end"]
    assert stand_in.record.log_levels == [2, 4]


async def test_the_same_is_folded(
    stand_in: NextcloudStandIn, log: NextcloudLog, clock: Clock
) -> None:
    """Whatever its arguments are."""
    async with telling(log):
        for number in range(13):
            logger.warning("lost %d", number)
        await until_told(log, 1)
        clock.now_s += FOLDED_S
        logger.warning("lost %d", 13)
        await until_told(log, 2)
    assert stand_in.record.log == ["lost 0", "lost 13 (and 12 more)"]


async def test_an_unreachable_nextcloud_does_no_harm(
    stand_in: NextcloudStandIn,
    log: NextcloudLog,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said once, here only; later the newest arrive, and how many did not."""
    url, settings.NEXTCLOUD_URL = stand_in.url, "http://127.0.0.1:1"
    for number in range(MAX_WAITING + 5):
        logger.warning(f"lost {number}")  # noqa: G004 - each of its own kind
    async with telling(log):
        async with asyncio.timeout(5):
            while "cannot be written" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        settings.NEXTCLOUD_URL = url
        await until_told(log, 20)
    assert stand_in.record.log[0].startswith("lost 5 (5 other messages")
    assert stand_in.record.log[1] == "lost 6"
    assert caplog.text.count("cannot be written") == 1
    assert not any("cannot be" in text for text in stand_in.record.log)


async def test_a_disabled_app_keeps_its_messages(
    stand_in: NextcloudStandIn, log: NextcloudLog
) -> None:
    """Nextcloud counts tries of a disabled app: there are none."""
    stand_in.enabled = False
    logger.warning("early")
    async with telling(log):
        await asyncio.sleep(0.05)
        assert stand_in.record.refused == 0
        stand_in.enabled = True
        await until_told(log, 1)
    assert stand_in.record.log == ["early"]


async def test_the_end_brings_out_what_is_left(
    stand_in: NextcloudStandIn, log: NextcloudLog, settings: Settings
) -> None:
    """Within a second, even if Nextcloud is slow."""
    async with telling(log):
        logger.warning("last %s", "words")
    assert stand_in.record.log == ["last words"]
    stand_in.trouble.delay_s = 1.5
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with telling(log):
        logger.warning("never heard")
    assert loop.time() - began_s < 1.4
    stand_in.trouble.delay_s = 0


async def test_exceptions_without_traceback_and_secrets(
    stand_in: NextcloudStandIn, log: NextcloudLog, settings: Settings
) -> None:
    """Class and message; 2000 characters at most."""
    settings.DATABASE_URL = "postgres://me:pass%2Fword@db/x"
    async with telling(log):
        try:
            raise ValueError(f"no {SECRET} and no pass/word here")
        except ValueError as error:
            with contextlib.suppress(ExceptionGroup):
                raise ExceptionGroup("tasks", [error]) from None
            logger.exception("broke")
        logger.error("x" * 5000)
        await until_told(log, 2)
    assert stand_in.record.log[0] == "broke: ValueError: no *** and no *** here"
    assert len(stand_in.record.log[1]) == 2000


async def test_a_broken_record_is_counted(
    stand_in: NextcloudStandIn, log: NextcloudLog
) -> None:
    """Its formatting fails in silence here; the next message tells of it."""
    NextcloudHandler(log).emit(
        logging.LogRecord("a", logging.ERROR, "", 1, "%d", ("x",), None)
    )
    async with telling(log):
        logger.warning("fine")
        await until_told(log, 1)
    assert stand_in.record.log == ["fine (1 other messages were left out)"]


async def test_what_is_on_its_way_at_the_end_arrives_once(
    stand_in: NextcloudStandIn, log: NextcloudLog
) -> None:
    stand_in.trouble.delay_s = 0.2
    async with telling(log):
        logger.warning("late")
        await asyncio.sleep(0.3)  # asked whether we are enabled, and now tells
    stand_in.trouble.delay_s = 0
    assert stand_in.record.log == ["late"]
    assert log.told == 1
