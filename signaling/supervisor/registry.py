# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""All calls of one worker: one task per room, leases, the end of them all."""

import asyncio
import logging
import os
import random
import socket
import time
from dataclasses import dataclass

from channels.db import database_sync_to_async
from django.db import DatabaseError

from calls import services
from calls.services import EventCode
from livetranscription import logs
from signaling import memory
from signaling.backoff import delays
from signaling.config import hpb_config
from signaling.errors import HpbError
from signaling.hpb.client import HpbClient
from signaling.lock import WorkerLock
from signaling.supervisor import metering
from signaling.supervisor.call import CallSupervisor
from signaling.supervisor.environment import CallEnvironment
from signaling.supervisor.vitals import Load, worker_vitals
from signaling.supervisor.watch import CallWatch

logger = logging.getLogger(__name__)

RENEW_S = 5.0
"How often leases are renewed; they last three times as long."
LOOK_S = 2.0
"How often rooms are looked for whose wake message was lost or whose worker died."
STOP_S = 4.0
"Longest wait for calls to say goodbye; a process must end within 5 s."
FIRST_RESTART_S = 1.0
SLOWEST_RESTART_S = 30.0


@dataclass(slots=True)
class _Room:
    """One room's task, and whether its wishes are to be looked at (again)."""

    woken: bool = True
    call_id: int | None = None
    supervisor: CallSupervisor | None = None
    task: asyncio.Task[None] | None = None

    @property
    def speakers(self) -> int:
        """Speakers captioned here now."""
        return 0 if self.supervisor is None else self.supervisor.speakers

    def stop(self) -> None:
        """End the call that runs here, if one does."""
        if self.supervisor is not None:
            self.supervisor.stop()


class CallRegistry:
    """Holds the calls of this worker; `wake` is all the outside ever says."""

    def __init__(self, environment: CallEnvironment) -> None:
        self._environment = environment
        self._lock = WorkerLock(environment.folder, environment.worker)
        self._rooms: dict[str, _Room] = {}
        self._watch = CallWatch(environment.worker, self._vitals)
        self._tasks: asyncio.TaskGroup | None = None
        self._stopping = asyncio.Event()

    def __len__(self) -> int:
        """Rooms that are looked after now."""
        return len(self._rooms)

    def wake(self, room_token: str) -> None:
        """Look at the wishes of this room; returns at once."""
        room = self._rooms.get(room_token)
        if room is not None:
            room.woken = True
            if room.supervisor is not None:
                room.supervisor.wake()
        elif self._tasks is not None and not self._stopping.is_set():
            room = self._rooms[room_token] = _Room()
            room.task = self._tasks.create_task(self._hold_room(room_token, room))

    def watch(self) -> None:
        """Tell dashboards how calls go, for a while."""
        self._watch.extend()

    def preview(self, room_token: str, *, is_on: bool) -> None:
        """Let dashboards show the words of a room's call, or not any more."""
        room = self._rooms.get(room_token)
        if room is not None and room.supervisor is not None:
            room.supervisor.preview(is_on=is_on)

    def reconnect(self, room_token: str, session_id: str) -> None:
        """Begin with a speaker of a room's call anew."""
        room = self._rooms.get(room_token)
        if room is not None and room.supervisor is not None:
            room.supervisor.reconnect(session_id)

    def retry(self) -> None:
        """Ask the HPB again although it has refused us: something was mended."""
        logger.info("An operator has the HPB asked again")
        self._environment.guard.clear()

    def stop(self) -> None:
        """End all calls with last words and `bye`; `run` returns within 5 s."""
        self._stopping.set()

    async def run(self) -> None:
        """Hold calls until `stop`; their rows are left for whoever comes next."""
        name = self._environment.worker
        if not self._lock.hold():
            logger.warning("Calls of a killed worker will be taken up after 15 s only")
        await database_sync_to_async(self._take_over)()
        await database_sync_to_async(services.register_worker)(
            name, socket.gethostname(), os.getpid()
        )
        try:
            async with asyncio.TaskGroup() as self._tasks:
                chores = [
                    self._tasks.create_task(self._renew_leases()),
                    self._tasks.create_task(self._look_for_rooms()),
                    self._tasks.create_task(memory.keep_returning()),
                    self._tasks.create_task(self._watch.run()),
                ]
                await self._stopping.wait()
                for chore in chores:
                    chore.cancel()
                await self._end_rooms()
        finally:
            self._tasks = None
            await database_sync_to_async(services.unregister_worker)(name)
            self._lock.release()

    def _take_over(self) -> None:
        """Free what killed workers of this volume, and our own former self, held."""
        for name in services.worker_names():
            if name == self._environment.worker or self._lock.is_dead(name):
                logger.warning("Worker %s ended without a goodbye: taking over", name)
                services.unregister_worker(name)

    def _vitals(self, load: Load) -> str:
        calls = [
            room.supervisor.parts
            for room in self._rooms.values()
            if room.supervisor is not None
        ]
        environment = self._environment
        return worker_vitals(
            environment.worker, calls, environment.slots, load, time.monotonic()
        )

    async def _end_rooms(self) -> None:
        tasks = [room.task for room in self._rooms.values() if room.task is not None]
        for room in self._rooms.values():
            room.stop()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=STOP_S)
        for task in late:
            task.cancel()
        if late:
            logger.warning("%d calls did not end in time and were cut off", len(late))

    async def _renew_leases(self) -> None:
        """Keep what is ours; stop calls that somebody else has taken over."""
        while True:
            await asyncio.sleep(RENEW_S)
            held = {
                room.call_id: room
                for room in self._rooms.values()
                if room.call_id is not None
            }
            speakers = sum(room.speakers for room in held.values())
            metering.show_slots(self._environment.slots)
            refused = self._environment.guard.blocked(time.monotonic())
            refusal = "" if refused is None else str(refused)
            try:
                lost = await database_sync_to_async(services.renew_leases)(
                    self._environment.worker, speakers, list(held), refusal
                )
            except DatabaseError as error:
                logger.warning("Leases cannot be renewed: %s", error)
                continue
            for call_id in lost:
                logger.error("Call %d belongs to another worker now", call_id)
                held[call_id].stop()

    async def _look_for_rooms(self) -> None:
        """Find rooms whose wake message was lost, or whose worker is gone."""
        while True:
            try:
                waiting = await database_sync_to_async(services.waiting_rooms)()
            except DatabaseError as error:
                logger.warning("Cannot look for waiting calls: %s", error)
            else:
                for room_token in waiting:
                    self.wake(room_token)
            await asyncio.sleep(LOOK_S)

    async def _hold_room(self, room_token: str, room: _Room) -> None:
        """One call after another in this room, as long as somebody asks."""
        logs.room_token.set(room_token)
        try:
            while room.woken and not self._stopping.is_set():
                room.woken = False
                call = await database_sync_to_async(services.claim_call)(
                    room_token, self._environment.worker
                )
                if call is not None:
                    room.call_id = call.call_id
                    await self._hold_call(call, room)
                    room.call_id = None
        except DatabaseError as error:
            logger.warning("The call has to wait for the database: %s", error)
        finally:
            del self._rooms[room_token]

    async def _hold_call(self, call: services.ClaimedCall, room: _Room) -> None:
        """Run a call; one that breaks starts again, one that is refused ends."""
        for delay_s in delays(
            FIRST_RESTART_S, 2.0, SLOWEST_RESTART_S, 0.2, random.random
        ):
            try:
                await self._run_call(call, room)
            except ExceptionGroup as failures:
                refusal, rest = failures.split(HpbError)
                if rest is None:
                    await self._give_up(call, refusal)
                    return
                logger.exception("The call broke; starting again in %.0f s", delay_s)
                await self._note_crash(call)
            else:
                await database_sync_to_async(services.release_call)(
                    call.call_id, call.fence
                )
                return
            try:
                async with asyncio.timeout(delay_s):
                    await self._stopping.wait()
                return
            except TimeoutError:
                continue

    async def _note_crash(self, call: services.ClaimedCall) -> None:
        try:
            await database_sync_to_async(services.record_event)(
                call.call_id, "error", EventCode.CALL_CRASHED, "see the log"
            )
        except DatabaseError as error:
            logger.warning("The crash is not in the timeline: %s", error)

    async def _run_call(self, call: services.ClaimedCall, room: _Room) -> None:
        config = hpb_config(await services.backend_urls())
        client = HpbClient(config, call.room_token, self._environment.guard)
        room.supervisor = CallSupervisor(call, self._environment, client)
        if self._stopping.is_set():
            room.stop()
        try:
            await room.supervisor.run()
        finally:
            room.supervisor = None

    async def _give_up(
        self, call: services.ClaimedCall, refusal: BaseExceptionGroup | None
    ) -> None:
        """The HPB will not have us: say so where the operator looks, and end."""
        reasons = "; ".join(str(error) for error in _leaves(refusal))
        logger.error("The call cannot be captioned: %s", reasons)
        await database_sync_to_async(services.fail_call)(
            call.call_id, call.fence, reasons
        )


def _leaves(group: BaseExceptionGroup | None) -> list[BaseException]:
    """The plain errors within nested groups."""
    if group is None:
        return []
    return [
        leaf
        for error in group.exceptions
        for leaf in (
            _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
        )
    ]
