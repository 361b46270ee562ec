# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The demo: a local call of several speakers, captioned before one's eyes."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from devkit.engine import SAMPLE_HZ
from devkit.measure import (
    ReadWord,
    SpeakerResult,
    SpokenWord,
    delays,
    first_sound_s,
    lost_and_repeated,
)
from devkit.moonshine import MoonshineEngine
from devkit.participant import ReceivedCaption, Viewer
from devkit.recordings import RATE_HZ, looped, speech
from devkit.scenario import LocalCall
from devkit.screen import Screen, Steps, Usage, recording_console
from devkit.speaker import Speaker
from devkit.stt_record import ConnectionRecord
from devkit.surroundings import WireName

ROOM = "demo2cities"
NAMES = ("Charles", "Samuel", "Nell", "Lucie", "Nagg", "Sydney")
"Who speaks; each has a passage of their own."
PASSAGES = (
    ("two_cities.wav", 0.0, 22.0),
    ("beckett.wav", 0.0, 10.0),
    ("endgame_nagg_nell.wav", 0.0, 14.0),
    ("two_cities.wav", 22.0, 22.0),
    ("endgame_nagg_nell.wav", 14.0, 14.0),
    ("two_cities.wav", 11.0, 22.0),
)
TURN_S = 2.5
"One speaker begins so long after the other."
STEPS = 5
MAX_SECONDS = 3600.0
STREAMS_TIMEOUT_S = 20.0
TAIL_S = 4.0
"Last words come out so long after the last sound, at most."


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    seconds: float
    speakers: int
    wire: WireName
    keep: bool
    simulate_hpb: bool
    picture: Path | None = None
    "Where to save what the terminal showed, as an SVG."


class Demo:
    """One run of the demo; `run` returns the exit code."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._names = NAMES[: options.speakers]
        self._screen = Screen(
            self._names, recording_console() if options.picture else None
        )
        self._speakers: list[Speaker] = []

    async def run(self) -> int:
        """Set up, caption, sum up; 0 only if captions came for every speaker."""
        async with AsyncExitStack() as stack:
            with self._screen.starting(STEPS) as steps:
                call, viewer = await self._start(stack, steps)
            if self._options.keep:
                await self._open_admin(call)
            usage = await self._caption(call, viewer)
            results = [self._result(one, call, viewer) for one in self._speakers]
            self._screen.summary(results, usage)
            if self._options.picture:
                self._screen.save_picture(self._options.picture)
            if self._options.keep:
                await self._stay()
        silent = [result.name for result in results if not result.read]
        if silent:
            self._screen.say(f"[red]No captions came for {', '.join(silent)}.[/red]")
        return 1 if silent else 0

    async def _start(
        self, stack: AsyncExitStack, steps: Steps
    ) -> tuple[LocalCall, Viewer]:
        steps.begin("Loading the recogniser ...")
        engine = stack.enter_context(await asyncio.to_thread(MoonshineEngine))
        audio = [
            looped(speech(*passage), self._options.seconds)
            for passage in PASSAGES[: len(self._names)]
        ]
        steps.done("Offline recogniser: Moonshine tiny, English")
        call = await stack.enter_async_context(
            LocalCall(
                engine,
                self._options.wire,
                environment={"DEBUG": "true", "LOG_LEVEL": "warning"},
                simulate_hpb=self._options.simulate_hpb or None,
                on_step=lambda what: steps.begin(f"Starting: {what} ..."),
            )
        )
        steps.done(f"High-Performance Backend: {call.hpb.description}")
        steps.done(f"live_transcription at {call.app.url}, wire {call.wire}")
        steps.begin("People join the call ...")
        viewer = Viewer(call.nextcloud, ROOM, "Vera")
        await stack.enter_async_context(viewer)
        await viewer.enter_call()
        for name, part in zip(self._names, audio, strict=True):
            speaker = Speaker(call.nextcloud, ROOM, name, part)
            await stack.enter_async_context(speaker)
            await speaker.enter_call()
            self._speakers.append(speaker)
        steps.done(f"In the call: {', '.join(self._names)}, and Vera, who reads")
        steps.begin("Vera presses CC ...")
        await viewer.press_cc()
        await call.wait_heard(len(self._speakers), STREAMS_TIMEOUT_S)
        steps.done("Vera has pressed CC; the bot hears everybody")
        return call, viewer

    async def _caption(self, call: LocalCall, viewer: Viewer) -> Usage:
        """Let them speak, print what the reader gets, measure the app."""
        process = call.app.usage
        cpu_s, started_s = _cpu_s(process), time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            printing = tasks.create_task(self._print(call, viewer, started_s))
            for speaker in self._speakers:
                speaker.speak()
                await asyncio.sleep(min(TURN_S, self._options.seconds / 10))
            left_s = started_s + self._options.seconds - time.monotonic()
            await asyncio.sleep(max(0.0, left_s))
            for speaker in self._speakers:
                speaker.track.muted = True
            await asyncio.sleep(TAIL_S)
            printing.cancel()
        wall_s = time.monotonic() - started_s
        return Usage(
            cpu_s=_cpu_s(process) - cpu_s,
            wall_s=wall_s,
            speaker_s=wall_s * len(self._speakers),
            memory_mib=process.memory_info().rss / 2**20,
        )

    async def _print(self, call: LocalCall, viewer: Viewer, started_s: float) -> None:
        shown = 0
        while True:
            await viewer.wait_for_captions(shown + 1, timeout_s=MAX_SECONDS)
            for caption in viewer.captions[shown:]:
                self._show(caption, call, viewer, caption.received_s - started_s)
            shown = len(viewer.captions)

    def _show(
        self, caption: ReceivedCaption, call: LocalCall, viewer: Viewer, at_s: float
    ) -> None:
        for speaker in self._speakers:
            if speaker.session_id == caption.speaker_session_id:
                delay_s = self._result(speaker, call, viewer, caption).delays_s[-1:]
                self._screen.caption(
                    at_s, speaker.name, caption.text, next(iter(delay_s), None)
                )

    def _result(
        self,
        speaker: Speaker,
        call: LocalCall,
        viewer: Viewer,
        last: ReceivedCaption | None = None,
    ) -> SpeakerResult:
        """What the reader got of one speaker, up to a caption or all of it."""
        read = [
            ReadWord(word, caption.received_s)
            for caption in viewer.captions
            if caption.speaker_session_id == speaker.session_id
            and (last is None or caption.received_s <= last.received_s)
            for word in caption.text.split()
        ]
        texts = [word.text for word in read]
        # The stream whose words these are: the one with the fewest differences.
        spoken = min(
            (spoken_words(record, speaker) for record in call.stt.records),
            key=lambda words: sum(lost_and_repeated([w.text for w in words], texts)),
        )
        lost, repeated = lost_and_repeated([word.text for word in spoken], texts)
        return SpeakerResult(
            name=speaker.name,
            sent=len(spoken),
            read=len(read),
            lost=lost,
            repeated=repeated,
            delays_s=delays(spoken, read),
        )

    async def _open_admin(self, call: LocalCall) -> None:
        """The admin has a user for the occasion."""
        await call.app.create_superuser("admin", "admin")
        self._screen.say(
            f"\nThe admin is at [link]{call.app.url}/admin/[/link] "
            "(user admin, password admin). Ctrl-C ends the call.\n"
        )

    async def _stay(self) -> None:
        """Go on until Ctrl-C."""
        while True:
            for speaker in self._speakers:
                speaker.track.rewind()
            await asyncio.sleep(self._options.seconds)


def spoken_words(record: ConnectionRecord, speaker: Speaker) -> list[SpokenWord]:
    """The words of a stream, and when each was spoken into the microphone.

    The stream's clock and the speaker's are brought together at the first sound.
    """
    heard_s = first_sound_s(record.heard(), SAMPLE_HZ)
    said_s = speaker.track.spoken_s(first_sound_s(speaker.track.mono, RATE_HZ))
    return [
        SpokenWord(part, said_s + word.end_s - heard_s)
        for word in record.words
        for part in word.text.split()
    ]


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
