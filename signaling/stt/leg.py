# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One leg of the relay: an attempt at a connection, and its use to the last word."""

import asyncio

from signaling.errors import SttError
from signaling.stt.connection import SttConnection
from signaling.stt.floor import Floor
from signaling.stt.handshake import open_socket
from signaling.stt.parts import StreamParts, is_speech
from signaling.stt.report import StreamReport


class Leg:
    """Runs as a task of the relay; `floor` tells how far it is."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        parts: StreamParts,
        floor: Floor,
        report: StreamReport,
    ) -> None:
        self.floor = floor
        self.failure: SttError | None = None
        "What broke it; None after a proper end, and while it goes on."
        self.is_proved = False
        self.was_opened = False
        self.may_be_renewed = True
        "Nobody has refused us an heir for it."
        self._parts = parts
        self._report = report
        self._task = tasks.create_task(self._run())

    def cancel(self) -> None:
        """Nobody needs this connection any more."""
        self._task.cancel()
        # A task that had no time to begin does not end either.
        self.floor.end()

    async def _run(self) -> None:
        try:
            self.failure = await self._live()
        finally:
            self.floor.end()

    async def _live(self) -> SttError | None:
        parts = self._parts
        try:
            async with parts.ending.bounded(parts.timing.finish_connect_s):
                socket = await open_socket(parts.config, parts.timing)
        except TimeoutError:
            return None  # nobody waits for the words of a stream that never was
        except SttError as error:
            return error
        self.was_opened = True
        connection = SttConnection(socket, parts, self.floor, self._report)
        failure = await connection.run()
        self.is_proved = connection.is_proved
        self._settle(failure, connection.unanswered_frames)
        return failure

    def _settle(self, failure: SttError | None, unanswered: int) -> None:
        """What becomes of the audio this connection took: sent again, or perhaps lost."""
        backlog, wanted = self._parts.backlog, self.floor.wanted
        if self.floor.is_held and failure is not None and failure.retryable:
            self._report.replayed(backlog.replay(is_speech))
            return
        if self.floor.is_held:
            backlog.release()
        if failure is not None or (wanted is not None and wanted.is_urgent):
            self._report.counters.unanswered_frames += unanswered
