# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The self-test of the page: one at a time in this process, looked at while it runs."""

import logging
import threading
import time
from dataclasses import dataclass

from signaling.doctor.catalogue import CHECKS, subject
from signaling.doctor.check import Check
from signaling.doctor.result import Level, Result, worst
from signaling.doctor.run import run

logger = logging.getLogger(__name__)

WAITING, RUNNING = "waiting", "running"


@dataclass(frozen=True, slots=True)
class Row:
    """One check as it stands."""

    title: str
    state: str
    "A `Level`, or `waiting` or `running`."
    result: Result | None = None


class SelfTest:
    """Results of the last run, those of a running one as they come."""

    def __init__(self, checks: tuple[Check, ...] = CHECKS) -> None:
        self._checks = checks
        self._claiming = threading.Lock()
        "Every request has a thread of its own."
        self._running: set[str] = set()
        self._results: dict[str, Result] = {}
        self._has_begun = False
        self.is_running = False
        self.told = ""
        "What takes long, and why."
        self.began_at_s = 0.0
        "Seconds since 1970; 0 before the first run."

    @property
    def rows(self) -> list[Row]:
        """All checks in their order; none before the first run."""
        return [self._row(check) for check in self._checks] if self._has_begun else []

    @property
    def done(self) -> int:
        """Checks with a result."""
        return len(self._results)

    @property
    def level(self) -> Level:
        """The worst so far."""
        return worst(list(self._results.values()))

    def claim(self) -> bool:
        """Whether a run may begin now; whoever is told so calls `run`."""
        with self._claiming:
            if self.is_running:
                return False
            self.is_running = self._has_begun = True
        self._results.clear()
        self._running.clear()
        self.told = ""
        self.began_at_s = time.time()
        return True

    async def run(self) -> None:
        """All checks; never raises, as the server's other work goes on beside it."""
        try:
            await run(
                self._checks,
                subject(in_server=True, tell=self._tell),
                on_start=lambda check: self._running.add(check.name),
                on_result=self._take,
            )
        except Exception:
            logger.exception("The self-test broke")
        finally:
            self.is_running = False

    def _tell(self, what: str) -> None:
        self.told = what

    def _take(self, result: Result) -> None:
        self._running.discard(result.name)
        self._results[result.name] = result
        self.told = ""

    def _row(self, check: Check) -> Row:
        result = self._results.get(check.name)
        if result is not None:
            return Row(check.title, result.level, result)
        is_running = self.is_running and check.name in self._running
        return Row(check.title, RUNNING if is_running else WAITING)


self_test = SelfTest()
"The one of this process."
