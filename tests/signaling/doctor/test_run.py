# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Running checks: order, needs, limits, what breaks."""

import asyncio
import logging

import pytest

from signaling.doctor.catalogue import CHECKS, NAMES, subject
from signaling.doctor.check import Check, Subject
from signaling.doctor.result import (
    Finding,
    Level,
    exit_code,
    failure,
    ok,
    warning,
    worst,
)
from signaling.doctor.run import UnknownCheckError, chosen, run


async def fine(of: Subject) -> Finding:
    return ok("fine")


async def bad(of: Subject) -> Finding:
    return failure("bad", "LT_X")


async def odd(of: Subject) -> Finding:
    return warning("odd", "LT_X")


async def broken(of: Subject) -> Finding:
    raise KeyError("canary")


async def endless(of: Subject) -> Finding:
    await asyncio.sleep(60)
    return ok("never")


async def test_what_needs_a_failed_check_is_skipped_with_the_reason() -> None:
    checks = [
        Check("last", "Last", fine, needs=("middle",)),
        Check("middle", "Middle", fine, needs=("first",)),
        Check("first", "First", bad),
        Check("beside", "Beside", fine, after=("first",)),
    ]
    results = await run(checks, subject())
    assert [result.name for result in results] == ["last", "middle", "first", "beside"]
    levels = [result.level for result in results]
    assert levels == [Level.SKIPPED, Level.SKIPPED, Level.FAILURE, Level.OK]
    assert results[0].seen == "needs: Middle"
    assert results[1].seen == "needs: First"


async def test_a_warning_holds_nothing_up() -> None:
    checks = [Check("a", "A", odd), Check("b", "B", fine, needs=("a",))]
    results = await run(checks, subject())
    assert results[1].level is Level.OK
    assert worst(results) is Level.WARNING
    assert exit_code(results) == 1


async def test_independent_checks_run_side_by_side() -> None:
    met = asyncio.Barrier(2)

    async def meet(of: Subject) -> Finding:
        await met.wait()
        return ok("met")

    checks = [
        Check("a", "A", meet, timeout_s=2.0),
        Check("b", "B", meet, timeout_s=2.0),
    ]
    assert exit_code(await run(checks, subject())) == 0


async def test_what_breaks_or_hangs_is_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    checks = [
        Check("broken", "Broken", broken),
        Check("endless", "Endless", endless, timeout_s=0.01),
    ]
    with caplog.at_level(logging.CRITICAL, "signaling.doctor.run"):
        results = await run(checks, subject())
    assert results[0].seen == "The check itself broke (KeyError)."
    assert "canary" not in str(results)
    assert "No answer within" in results[1].seen
    assert exit_code(results) == 2


async def test_words_of_peers_do_not_steer_the_terminal() -> None:
    async def colourful(of: Subject) -> Finding:
        return ok("version \x1b[31m1", [("a\n", "\x07", "")])

    (result,) = await run([Check("a", "A", colourful)], subject())
    assert result.seen == "version  [31m1"
    assert result.details == (("a ", " ", ""),)


async def test_told_as_it_goes() -> None:
    told: list[str] = []
    await run(
        [Check("a", "A", fine), Check("b", "B", fine, needs=("a",))],
        subject(),
        on_start=lambda check: told.append(f"{check.name} begins"),
        on_result=lambda result: told.append(f"{result.name} {result.level}"),
    )
    assert told == ["a begins", "a ok", "b begins", "b ok"]


def test_chosen_checks_bring_what_they_need() -> None:
    names = [check.name for check in chosen(CHECKS, ["media-server"])]
    assert names == ["hpb", "secret", "backend", "media-server"]
    assert len(chosen(CHECKS, [])) == len(CHECKS)
    with pytest.raises(UnknownCheckError, match="no such check: nothing; there are"):
        chosen(CHECKS, ["nothing"])


def test_checks_need_only_what_comes_before_them() -> None:
    """So the order of the table is one in which they can be read."""
    for place, check in enumerate(CHECKS):
        assert set(check.needs) <= set(NAMES[:place]), check.name
        assert set(check.after) <= set(NAMES), check.name
    assert len(set(NAMES)) == len(NAMES)


def test_no_more_than_a_minute() -> None:
    """Along the longest chain; only speech-to-text may start cold, and says so."""
    needed = {check.name: check for check in CHECKS}

    def longest_s(name: str) -> float:
        check = needed[name]
        before = (longest_s(other) for other in (*check.needs, *check.after))
        own_s = BOUNDS_S.get(name, check.timeout_s or 0.0)
        return own_s + max(before, default=0.0)

    assert max(longest_s(name) for name in NAMES if name != "speech") <= 60


BOUNDS_S = {
    "nextcloud": 8.0,
    "appapi": 10.0,
    "versions": 10.0,
    "talk": 10.0,
    "hpb": 8.0,
    "secret": 16.0,
    "backend": 0.0,
    "media-server": 0.0,
    "clocks": 0.0,
    "turn": 4.0,
    "media": 18.0,
}
"What these checks wait for at most, by `Limits` and `calls/nextcloud.py`."
