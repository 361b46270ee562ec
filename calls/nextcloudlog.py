# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Warnings and errors on their way to Nextcloud's log.

Made in any thread, kept in a short queue, sent by one task. Nothing waits for it, and
nothing it does itself is told to Nextcloud.
"""

import asyncio
import contextvars
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from django.conf import settings

from calls.logfolding import Folding, Pace
from calls.nextcloud import Nextcloud, NextcloudError
from livetranscription import environment

logger = logging.getLogger(__name__)

MAX_WAITING = 100
MAX_CHARACTERS = 2000
FLUSH_S = 1.0
FIRST_RETRY_S = 5.0
SLOWEST_RETRY_S = 300.0
OWN_LOGGERS = (__name__, "httpx", "httpcore")
REFUSED = frozenset({400, 413, 422})
"A message that Nextcloud does not want, now or later."
SECRET_WORDS = ("KEY", "SECRET", "TOKEN", "PASSWORD")
MIN_SECRET_CHARACTERS = 6
"Shorter values would blacken words."

_sending: contextvars.ContextVar[bool] = contextvars.ContextVar("_sending")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One message for Nextcloud."""

    level: int
    "Nextcloud's: 2 warning, 3 error, 4 fatal."
    text: str


class NextcloudLog:
    """A queue between whoever logs and the task that tells Nextcloud."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        self._clock = clock
        self._first_retry_s = first_retry_s
        self._lock = threading.Lock()
        self._waiting: deque[LogLine] = deque()
        self._folding = Folding()
        self._pace = Pace()
        self._left_out = 0
        self.told = 0
        "Messages that Nextcloud has taken."
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived = asyncio.Event()
        self._ending = asyncio.Event()
        self._is_enabled = False

    # --- Any thread ---------------------------------------------------------------

    def put(self, record: logging.LogRecord) -> None:
        """Have a record told, or leave it out; never waits for Nextcloud."""
        if _sending.get(False) or record.name.startswith(OWN_LOGGERS):
            return
        kind = (record.name, record.levelno, str(record.msg))
        with self._lock:
            folded = self._folding.admit(kind, self._clock())
            if folded is None:
                return
            self._append(LogLine(_level(record), _text(record, folded)))
            loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._arrived.set)

    def leave_out(self) -> None:
        """A record that nobody can read; the next message tells of it."""
        with self._lock:
            self._left_out += 1

    def _append(self, line: LogLine) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._left_out += 1
        self._waiting.append(line)

    # --- The sender ---------------------------------------------------------------

    async def run(self) -> None:
        """Tell Nextcloud until cancelled; then what is left, within a second."""
        _sending.set(True)
        self._arrived, self._ending = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            # A task of its own: the end finds a message on its way, and lets it arrive.
            sender = tasks.create_task(self._tell())
            try:
                await asyncio.Event().wait()
            finally:
                self._loop = None
                self._ending.set()
                self._arrived.set()
                await asyncio.wait([sender], timeout=FLUSH_S)

    async def _tell(self) -> None:
        """Send what waits; at the end all of it at once, until something fails."""
        pauses = self._pauses()
        is_away = False
        while True:
            while not self._waiting and not self._ending.is_set():
                self._arrived.clear()
                # Between the look and the clearing, something may have come.
                if not self._waiting:
                    await self._arrived.wait()
            await self._rest(self._pace.wait_s(self._clock()))
            if self._ending.is_set() and not self._waiting:
                return
            try:
                await self._send_next()
            except NextcloudError as error:
                if self._ending.is_set():
                    return
                if not is_away:
                    logger.warning("Nextcloud's log cannot be written: %s", error)
                is_away = True
                await self._rest(next(pauses))
                continue
            if is_away:
                logger.info("Nextcloud's log can be written again")
            is_away, pauses = False, self._pauses()

    async def _rest(self, pause_s: float) -> None:
        """Wait, unless the end comes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._ending.wait()

    async def _send_next(self) -> None:
        """Send the oldest line; raises `NextcloudError` and keeps it if that fails."""
        with self._lock:
            if not self._waiting:
                return
            line = self._waiting.popleft()
            left_out, self._left_out = self._left_out, 0
            left_out += self._folding.forgotten
            self._folding.forgotten = 0
        try:
            await self._send(line, left_out)
        except BaseException as error:
            self._take_back(line, left_out, error)
            raise
        self._pace.note(self._clock())
        self.told += 1

    async def _send(self, line: LogLine, left_out: int) -> None:
        """One request; another before it while it is not known that we may."""
        nextcloud = Nextcloud.from_settings()
        # Of a disabled app it takes nothing, and counts the tries.
        if not self._is_enabled and not await nextcloud.is_enabled():
            raise NextcloudError("the app is disabled")
        self._is_enabled = True
        more = f" ({left_out} other messages were left out)" if left_out else ""
        text = line.text[: MAX_CHARACTERS - len(more)] + more
        await nextcloud.write_log(line.level, text)

    def _take_back(self, line: LogLine, left_out: int, error: BaseException) -> None:
        """Before the others, unless there is no room or no hope."""
        self._is_enabled = False
        is_refused = isinstance(error, NextcloudError) and error.status in REFUSED
        with self._lock:
            self._left_out += left_out
            if is_refused or len(self._waiting) >= MAX_WAITING:
                self._left_out += 1
            else:
                self._waiting.appendleft(line)

    def _pauses(self) -> Iterator[float]:
        pause_s = self._first_retry_s
        while True:
            yield pause_s
            pause_s = min(2 * pause_s, SLOWEST_RETRY_S)


class NextcloudHandler(logging.Handler):
    """Puts records into the queue of the process, or into another one."""

    def __init__(self, log: NextcloudLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises, never waits, never says anything."""
        try:
            self._log.put(record)
        except Exception:  # noqa: BLE001 - the console's handler complains about it
            self._log.leave_out()


def _level(record: logging.LogRecord) -> int:
    """Nextcloud's number for a level."""
    return max(0, min(4, record.levelno // 10 - 1))


def _text(record: logging.LogRecord, folded: int) -> str:
    """One line, without a traceback and without secrets."""
    text = record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        text += f": {_described(error)}"
    room = getattr(record, "room_token", "")
    more = f" (and {folded} more)" if folded else ""
    line = _without_secrets(" ".join(f"{f'[{room}] ' if room else ''}{text}".split()))
    return line[: MAX_CHARACTERS - len(more)] + more


def _described(error: BaseException) -> str:
    """Class and message; of a group with one error in it, that one's."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _without_secrets(text: str) -> str:
    """Messages of other people's exceptions may quote what they were given."""
    for secret in _secrets():
        if len(secret) >= MIN_SECRET_CHARACTERS:
            text = text.replace(secret, "***")
    return text


def _secrets() -> Iterator[str]:
    """Values of secret settings, and the passwords within URLs."""
    for name in environment.names_read:
        value = str(getattr(settings, name, "") or os.environ.get(name, "")).strip()
        if any(word in name for word in SECRET_WORDS):
            yield value
        elif "@" in value and "://" in value:
            with suppress(ValueError):
                password = urlsplit(value).password or ""
                yield password
                yield unquote(password)


nextcloud_log = NextcloudLog()
"The one of this process; `serve` and `runcallworker` run it."


def handler() -> NextcloudHandler:
    """The handler that `settings.LOGGING` names."""
    return NextcloudHandler(nextcloud_log)
