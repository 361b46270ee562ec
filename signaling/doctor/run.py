# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Runs checks: those that do not need each other side by side, each in bounded time."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence

from signaling.doctor.check import Check, Subject
from signaling.doctor.result import Finding, Level, Result, failure, printable, skipped

logger = logging.getLogger(__name__)


class UnknownCheckError(Exception):
    """A name that no check has."""


def chosen(checks: Sequence[Check], only: Collection[str]) -> list[Check]:
    """The named checks and all they need, in their order; all without names.

    Raises `UnknownCheckError`.
    """
    if not only:
        return list(checks)
    by_name = {check.name: check for check in checks}
    unknown = [name for name in only if name not in by_name]
    if unknown:
        raise UnknownCheckError(
            f"no such check: {', '.join(unknown)}; there are {', '.join(by_name)}"
        )
    wanted: set[str] = set()
    left = list(only)
    while left:
        name = left.pop()
        if name not in wanted:
            wanted.add(name)
            left += by_name[name].needs
    return [check for check in checks if check.name in wanted]


async def run(
    checks: Sequence[Check],
    subject: Subject,
    *,
    on_start: Callable[[Check], None] = lambda check: None,
    on_result: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """All of them; results in the order of `checks`, told as they come."""
    present = {check.name for check in checks}
    done = {check.name: asyncio.Event() for check in checks}
    results: dict[str, Result] = {}

    async def settle(check: Check) -> None:
        for name in (*check.needs, *check.after):
            if name in present:
                await done[name].wait()
        on_start(check)
        results[check.name] = await _answer(check, subject, results)
        on_result(results[check.name])
        done[check.name].set()

    async with asyncio.TaskGroup() as tasks:
        for check in checks:
            tasks.create_task(settle(check))
    return [results[check.name] for check in checks]


async def _answer(check: Check, subject: Subject, results: dict[str, Result]) -> Result:
    """The result of one check whose needs are settled."""
    began_s = time.monotonic()
    finding = _obstacle(check, results) or await _ask(check, subject)
    return Result(
        name=check.name,
        title=check.title,
        level=finding.level,
        seen=printable(finding.seen),
        change=printable(finding.change),
        seconds=time.monotonic() - began_s,
        details=tuple(
            (printable(name), printable(value), printable(source))
            for name, value, source in finding.details
        ),
    )


def _obstacle(check: Check, results: dict[str, Result]) -> Finding | None:
    """Why a check is left out: what it needs failed, or was left out itself."""
    bad = (Level.FAILURE, Level.SKIPPED)
    for name in check.needs:
        if name in results and results[name].level in bad:
            return skipped(f"needs: {results[name].title}")
    return None


async def _ask(check: Check, subject: Subject) -> Finding:
    try:
        async with asyncio.timeout(check.timeout_s):
            return await check.ask(subject)
    except TimeoutError:
        return failure(
            f"No answer within {check.timeout_s:.0f} s.",
            "Look at the network between this machine and the other one.",
        )
    except Exception as error:
        logger.exception("The check %s broke", check.name)
        return failure(
            f"The check itself broke ({type(error).__name__}).",
            "Report it with the traceback in the log.",
        )
