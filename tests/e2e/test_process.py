# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The app as a process: it ends cleanly, and what the HPB does does not end captions."""

import shutil
import signal
import socket
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devkit.app import ROOT
from devkit.participant import Viewer
from devkit.program import Program
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.tones import spoken_words
from tests.conftest import missing

pytestmark = [pytest.mark.hpb, pytest.mark.timeout(60)]

ROOM = "processroom"
END_S = 5.0
"Longest time a process may take to end."


@asynccontextmanager
async def captioned(
    call: LocalCall, numbers: range
) -> AsyncIterator[tuple[Viewer, Speaker]]:
    """A running call in which somebody counts."""
    audio = spoken_words(0, numbers, 48_000)
    async with (
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(call.nextcloud, ROOM, "Ann", audio) as speaker,
    ):
        await viewer.enter_call()
        await speaker.enter_call()
        await viewer.press_cc()
        await call.wait_heard(1)
        speaker.speak()
        await viewer.wait_for_captions(2)
        yield viewer, speaker


def numbers(viewer: Viewer) -> list[int]:
    """The numbers a reader got, whoever said them."""
    return [int(word[1:]) for c in viewer.captions for word in c.text.split()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_call_with_last_words(number: signal.Signals) -> None:
    """Tails are flushed, the bot says bye, the exit code is 0, within five seconds."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        captioned(call, range(1, 100)) as (viewer, _speaker),
    ):
        began_s = time.monotonic()
        assert await call.app.stop(number) == 0
        assert time.monotonic() - began_s < END_S
        # HPB and reader have seen the bot leave: no ghost for half a minute.
        await viewer.wait_until(lambda: viewer.bots_left == 1, 2.0)
        heard = [word.text for record in call.stt.records for word in record.words]
        assert viewer.words_of(_speaker) == heard
        assert "Traceback" not in call.app.log


async def test_restarted_app_takes_up_its_calls_again() -> None:
    """Wishes are rows: after a restart nobody has to press CC again."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        captioned(call, range(1, 120)) as (viewer, _speaker),
    ):
        await call.app.stop()
        before = len(viewer.captions)
        await call.app.start()
        await viewer.wait_for_captions(before + 2)


async def test_killed_app_takes_up_its_calls_again() -> None:
    """Without a goodbye: who shares the volume knows that the process is dead."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        captioned(call, range(1, 140)) as (viewer, _speaker),
    ):
        await call.app.stop(signal.SIGKILL)
        before = len(viewer.captions)
        await call.app.start()
        # A lease alone would take 15 s to run out.
        await viewer.wait_for_captions(before + 1, timeout_s=10.0)
        assert "ended without a goodbye: taking over" in call.app.log


async def test_restarted_hpb_finds_readers_by_their_nextcloud_session() -> None:
    """New HPB sessions for everybody; nobody presses CC again."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        captioned(call, range(1, 120)) as (viewer, speaker),
    ):
        old_ids = {viewer.session_id, speaker.session_id}
        await call.hpb.restart()
        await viewer.reconnect()
        await speaker.reconnect()
        assert old_ids.isdisjoint({viewer.session_id, speaker.session_id})
        before = len(viewer.captions)
        await viewer.wait_for_captions(before + 3, timeout_s=25.0)
        assert viewer.captions[-1].speaker_session_id == speaker.session_id


async def test_cut_socket_is_resumed_without_joining_again() -> None:
    """Same HPB session, no word lost and none repeated."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm", simulate_hpb=True) as call,
        captioned(call, range(1, 41)) as (viewer, speaker),
    ):
        hpb = call.simulated_hpb
        (bot,) = hpb.internal_sessions()
        hpb.cut(bot.session_id)
        await viewer.wait_for_captions(len(viewer.captions) + 2)
        assert hpb.internal_sessions() == [bot]
        assert bot.joins == 1
        await speaker.track.finished.wait()
        await call.app.stop()
        assert numbers(viewer) == list(range(1, 41))


async def test_leaving_and_ending_the_call() -> None:
    """The bot goes when nobody reads, comes back when asked, goes when all do."""
    environment = {"LT_LEAVE_SECONDS": "0"}
    async with (
        LocalCall(NumberedEngine(), "modal-pcm", environment=environment) as call,
        captioned(call, range(1, 140)) as (viewer, _speaker),
    ):
        await viewer.press_cc(enable=False)
        await viewer.wait_until(lambda: viewer.bots_left == 1, 10.0)
        before = len(viewer.captions)
        await viewer.press_cc()
        await viewer.wait_for_captions(before + 1)
        await call.nextcloud.end_call(ROOM)
        await viewer.wait_until(lambda: viewer.bots_left == 2, 10.0)


async def test_reader_who_leaves_the_call_is_forgotten() -> None:
    """Talk says nothing when somebody leaves; the HPB does."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        captioned(call, range(1, 60)) as (viewer, _speaker),
        Viewer(call.nextcloud, ROOM, "Otto") as other,
    ):
        await other.enter_call()
        await other.press_cc()
        await other.wait_for_captions(1)
        await viewer.leave_call()
        await other.wait_for_captions(len(other.captions) + 1)
        silent_from = len(viewer.captions)
        await other.wait_for_captions(len(other.captions) + 3)
        assert len(viewer.captions) <= silent_from + 1


@pytest.mark.redis
async def test_worker_in_a_process_of_its_own() -> None:
    """`serve --no-worker` and `runcallworker` meet over Redis."""
    if shutil.which("redis-server") is None:
        missing("redis-server")
    async with (
        LocalCall(NumberedEngine(), "moshi", split_worker=True) as call,
        captioned(call, range(1, 30)) as (viewer, speaker),
    ):
        await speaker.track.finished.wait()
        assert call.worker is not None
        assert await call.worker.stop() == 0, call.worker.tail()
        assert numbers(viewer) == list(range(1, 30))
        await assert_counted(call)


async def assert_counted(call: LocalCall) -> None:
    """The web side tells of what its worker has counted."""
    async with httpx.AsyncClient(base_url=call.app.url) as client:
        headers = call.nextcloud.credentials.headers("")
        text = (await client.get("/metrics", headers=headers)).text
    values: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values[sample.name.removeprefix("live_transcription_")] += sample.value
    assert values["recognised_words_total"] == 29
    assert values["words_total"] == 29
    for name in (
        "captions_total",
        "audio_seconds_total",
        "speech_seconds_total",
        "stt_seconds_total",
        "stt_streams_total",
        "events_total",
        "audio_age_seconds_count",
        "word_to_caption_seconds_count",
        "event_loop_lag_seconds_count",
        "request_seconds_count",
    ):
        assert values[name] > 0, name


@pytest.mark.parametrize("command", [["serve", "--no-worker"], ["runcallworker"]])
async def test_layer_in_memory_is_refused_between_processes(
    command: list[str], tmp_path: Path
) -> None:
    """A worker that no message could reach says so instead of waiting for ever."""
    log = tmp_path / "log"
    program = Program([sys.executable, str(ROOT / "manage.py"), *command], log)
    await program.start()
    assert await program.wait() == 1
    assert "CHANNEL_LAYER_URL" in program.tail()


async def test_port_in_use_is_a_clear_error(tmp_path: Path) -> None:
    """Exit code 1 and a line that names the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        log = tmp_path / "log"
        command = [
            sys.executable,
            str(ROOT / "manage.py"),
            "serve",
            "--port",
            str(port),
        ]
        program = Program(command, log)
        await program.start()
        assert await program.wait() == 1
        assert str(port) in program.tail()


async def test_disabled_and_enabled_again_nobody_presses_cc_again() -> None:
    """What an update does: the bot leaves at once and comes back by itself."""
    async with (
        LocalCall(NumberedEngine(), "modal-pcm") as call,
        captioned(call, range(1, 140)) as (viewer, _speaker),
    ):
        await call.nextcloud.talk.set_enabled(False)
        await viewer.wait_until(lambda: viewer.bots_left == 1, 5.0)
        before = len(viewer.captions)
        await call.nextcloud.talk.set_enabled(True)
        await viewer.wait_for_captions(before + 1, timeout_s=10.0)
