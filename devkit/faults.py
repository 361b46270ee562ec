# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What can go wrong in a call, one function each, and what may come of it."""

import asyncio
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from devkit.participant import Viewer
from devkit.scenario import LocalCall
from devkit.speaker import Speaker

AWAY_S = 6.0
LOCKED_S = 30.0
FULL_S = 10.0
COLD_S = 8.0
HPB_NOTICES_S = 1.0
"What the HPB needs to notice that a publisher's connection is gone."
TOGGLES = 500
CROWD = 180
ROOMS = 120
ROOM_EVERY_S = 0.5
RENEWALS = 3
REDIS_AWAY_S = 30.0
FULL_BYTES = 4096
LOSS = 0.2
LOSSY_S = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A running call with a speaker and a reader, and a line to the HPB to cut."""

    call: LocalCall
    viewer: Viewer
    speaker: Speaker


Act = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: how it is made, and the longest silence and loss that are allowed."""

    name: str
    act: Act
    gap_s: float
    "Longest time without a caption while somebody speaks."
    lost: int
    "Words that may be lost: those that nobody could hear."
    expects: str = ""
    "Something the app's log has to say; what the operator sees."
    environment: dict[str, str] = field(default_factory=dict)
    "Settings beside those that every call has."
    split_worker: bool = False
    "Web side and worker in processes of their own, over Redis."
    pauses: bool = False
    "Whether the speaker pauses between sentences."


async def cut_hpb(stage: Stage) -> None:
    """Our own socket to the HPB is cut."""
    stage.call.hpb_line.cut()


async def stall_hpb(stage: Stage) -> None:
    """The line to the HPB lets nothing through for three seconds."""
    await stage.call.hpb_line.stall(3.0)


async def lose_hpb(stage: Stage) -> None:
    """The HPB cannot be reached for six seconds."""
    stage.call.hpb_line.refuses = True
    stage.call.hpb_line.cut()
    await asyncio.sleep(AWAY_S)
    stage.call.hpb_line.refuses = False


async def restart_hpb(stage: Stage) -> None:
    """The HPB restarts: new sessions for everybody."""
    await stage.call.hpb.restart()
    await stage.viewer.reconnect()
    await stage.speaker.reconnect()


async def drop_stt(stage: Stage) -> None:
    """The connection to speech-to-text is cut in the middle of a word."""
    stage.call.stt.cut()


async def close_stt(stage: Stage) -> None:
    """Speech-to-text closes with an internal error."""
    await stage.call.stt.close_connections(1011)


async def fill_stt(stage: Stage) -> None:
    """Speech-to-text has no free place for two attempts."""
    stage.call.stt.faults.refuse_next = 2
    stage.call.stt.cut()


async def cool_stt(stage: Stage) -> None:
    """The container of speech-to-text has to start again."""
    stage.call.stt.faults.handshake_delay_s = COLD_S
    stage.call.stt.cut()
    await asyncio.sleep(COLD_S)
    stage.call.stt.faults.handshake_delay_s = 0.0


async def lose_stt(stage: Stage) -> None:
    """Speech-to-text answers 503 for six seconds."""
    stage.call.stt.faults.handshake_status = 503
    stage.call.stt.cut()
    await asyncio.sleep(AWAY_S)
    stage.call.stt.faults.handshake_status = None


async def freeze_stt(stage: Stage) -> None:
    """Speech-to-text goes on taking audio and says nothing any more."""
    stt = stage.call.stt
    stt.faults.connections = frozenset(record.number for record in stt.records)
    stt.faults.frozen = True
    before = len(stt.records)
    await stt.wait_until(lambda: len(stt.records) > before, 15.0)


async def renew_stt(stage: Stage) -> None:
    """Connections to speech-to-text reach the age at which they are replaced."""
    before = len(stage.call.stt.records)
    stt = stage.call.stt
    await stt.wait_until(lambda: len(stt.records) >= before + RENEWALS, 60.0)


async def confuse_stt(stage: Stage) -> None:
    """Speech-to-text sends garbage for three seconds."""
    stage.call.stt.faults.garbage = True
    await asyncio.sleep(3.0)
    stage.call.stt.faults.garbage = False


async def kill_app(stage: Stage) -> None:
    """The app is killed and starts again."""
    await stage.call.app.stop(signal.SIGKILL)
    await stage.call.app.start()


async def restart_app(stage: Stage) -> None:
    """The app is restarted, as for an upgrade."""
    await stage.call.app.stop()
    await stage.call.app.start()


async def disable_app(stage: Stage) -> None:
    """Nextcloud disables the app and enables it again."""
    await stage.call.nextcloud.talk.set_enabled(False)
    await stage.viewer.wait_until(lambda: stage.viewer.bots_left >= 1, 8.0)
    await stage.call.nextcloud.talk.set_enabled(True)


async def publish_again(stage: Stage) -> None:
    """The speaker's connection is made anew, as by a change of microphone."""
    await stage.speaker.unpublish()
    await asyncio.sleep(HPB_NOTICES_S)
    await stage.speaker.publish()


async def lock_database(stage: Stage) -> None:
    """Somebody holds the database for half a minute."""
    folder = stage.call.app.environment["APP_PERSISTENT_STORAGE"]
    path = Path(folder) / "live_transcription.sqlite3"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    try:
        await asyncio.sleep(LOCKED_S)
    finally:
        database.rollback()
        database.close()


async def crowd(stage: Stage) -> None:
    """A hundred and eighty people join, thirty of them switch captions on."""
    nextcloud, room_token = stage.call.nextcloud, stage.viewer.room_token
    async with AsyncExitStack() as stack:
        for number in range(CROWD):
            person = Viewer(nextcloud, room_token, f"Guest{number}")
            await stack.enter_async_context(person)
            await person.enter_call()
            if number % 6 == 0:
                await person.press_cc()


async def many_rooms(stage: Stage) -> None:
    """Captions are switched on in two other rooms a second, for a minute."""
    talk = stage.call.nextcloud.talk
    for enable in (True, False):
        for number in range(ROOMS):
            began_s = time.monotonic()
            response = await talk.transcribe(
                f"room{number}", f"session{number}", enable=enable
            )
            response.raise_for_status()
            if enable:
                await asyncio.sleep(began_s + ROOM_EVERY_S - time.monotonic())


async def toggle(stage: Stage) -> None:
    """Somebody else presses CC five hundred times."""
    async with Viewer(stage.call.nextcloud, stage.viewer.room_token, "Otto") as other:
        await other.enter_call()
        for press in range(TOGGLES):
            await other.press_cc(enable=press % 2 == 0)


async def lose_redis(stage: Stage) -> None:
    """Redis is gone for a while; web side and worker talk over it."""
    await stage.call.stop_redis()
    await asyncio.sleep(REDIS_AWAY_S)
    await stage.call.start_redis()


async def fill_disk(stage: Stage) -> None:
    """No file of the app can grow for ten seconds, as on a full disk."""
    process = stage.call.app.usage
    unlimited = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (FULL_BYTES, unlimited[1]))
    await asyncio.sleep(FULL_S)
    process.rlimit(psutil.RLIMIT_FSIZE, unlimited)


async def lose_packets(stage: Stage) -> None:
    """A fifth of the speaker's packets is lost, some come twice or out of order."""
    with stage.speaker.bad_network(LOSS):
        await asyncio.sleep(LOSSY_S)


async def vanish(stage: Stage) -> None:
    """The reader's browser loses the HPB without a word and comes back."""
    await stage.viewer.drop()
    await asyncio.sleep(HPB_NOTICES_S)
    await stage.viewer.reconnect()


FAULTS = (
    Fault("hpb-cut", cut_hpb, 2.0, 0, "resum"),
    Fault("hpb-stalled", stall_hpb, 5.0, 0),
    Fault("hpb-away", lose_hpb, AWAY_S + 4, 60, "Lost the connection to the HPB"),
    Fault("hpb-restarted", restart_hpb, 12.0, 60),
    Fault("stt-cut", drop_stt, 4.0, 2, "Speech-to-text"),
    Fault("stt-closed", close_stt, 4.0, 2, "Speech-to-text"),
    Fault("stt-full", fill_stt, 12.0, 2, "Speech-to-text"),
    Fault("stt-cold", cool_stt, COLD_S + 4, 2),
    Fault("stt-away", lose_stt, AWAY_S + 6, 2, "Speech-to-text"),
    Fault("stt-frozen", freeze_stt, 8.0, 30, "freeze"),
    Fault(
        "stt-renewed",
        renew_stt,
        2.5,
        0,
        environment={"LT_STT_RENEW_SECONDS": "12"},
        pauses=True,
    ),
    Fault("stt-garbage", confuse_stt, 2.0, 0),
    Fault("app-killed", kill_app, 12.0, 60, "taking over"),
    Fault("app-restarted", restart_app, 12.0, 60),
    Fault("app-disabled", disable_app, 10.0, 40, "disabled"),
    Fault("speaker-anew", publish_again, 10.0, 40, "no packet"),
    Fault("database-locked", lock_database, 2.0, 0, "atabase"),
    Fault("disk-full", fill_disk, 2.0, 0, "atabase"),
    Fault("redis-away", lose_redis, 2.0, 0, "channel layer is away", split_worker=True),
    Fault("packets-lost", lose_packets, 3.0, 10),
    Fault("reader-away", vanish, 6.0, 30),
    Fault("crowd", crowd, 2.0, 0),
    Fault("many-rooms", many_rooms, 2.0, 0),
    Fault("cc-toggled", toggle, 2.0, 0),
)
"Silence and loss while nothing can be heard depend on how long a restart takes here."
