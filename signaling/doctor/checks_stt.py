# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Speech-to-text: lets us in, and understands a sentence."""

import asyncio
import time

from calls import services
from signaling.audio.file import AudioFile
from signaling.captions.documents import TimedWord
from signaling.doctor import sample
from signaling.doctor.check import Subject
from signaling.doctor.checks_settings import ENVIRONMENT_HINT
from signaling.doctor.inventory import without_credentials
from signaling.doctor.result import Finding, failure, ok, warning
from signaling.doctor.sample import Heard
from signaling.errors import SttCapacityError, SttError
from signaling.filetranscription import FileTranscription
from signaling.stt.handshake import open_socket
from signaling.stt.timing import StreamTiming
from signaling.supervisor.environment import audio_path

TELL_AGAIN_S = 5.0
WELL_UNDERSTOOD = 0.5
"Share of the words: small models and long ways lose some."
QUICK_S = 2.0
WARM_S = 3.0


async def check_stt(subject: Subject) -> Finding:
    """The handshake; a cold start is waited for, and said to be one."""
    missing = services.missing_stt_settings()
    if missing:
        return failure(f"Not set: {', '.join(missing)}.", ENVIRONMENT_HINT)
    began_s = time.monotonic()
    error = await _shake_hands(subject)
    if error is not None:
        return _refusal(subject, error)
    took_s = time.monotonic() - began_s
    where = without_credentials(subject.stt.url)
    start = " (a cold start)" if took_s > WARM_S else ""
    return ok(
        f"{where} lets us in after {took_s:.1f} s{start}, wire {subject.stt.wire}."
    )


async def _shake_hands(subject: Subject) -> SttError | None:
    """None if it worked."""

    async def attempt() -> SttError | None:
        try:
            socket = await open_socket(subject.stt, StreamTiming(close_s=0.5))
        except SttError as error:
            return error
        await socket.close()
        return None

    async with asyncio.TaskGroup() as tasks:
        attempting = tasks.create_task(attempt())
        waited_s = subject.limits.cold_start_s
        await asyncio.wait({attempting}, timeout=waited_s)
        while not attempting.done():
            subject.tell(
                f"Speech-to-text starts cold: {waited_s:.0f} s of at most "
                f"{subject.stt.connect_timeout_s:.0f} s (LT_STT_CONNECT_TIMEOUT)"
            )
            await asyncio.wait({attempting}, timeout=TELL_AGAIN_S)
            waited_s += TELL_AGAIN_S
        return await attempting


def _refusal(subject: Subject, error: SttError) -> Finding:
    seen, _, hint = str(error).partition(": check ")
    if isinstance(error, SttCapacityError):
        return warning(
            f"Speech-to-text: {seen}.",
            "Give the service more room, or lower LT_STT_MAX_STREAMS.",
        )
    if hint:
        wire = subject.stt.wire
        return failure(
            f"Speech-to-text: {seen}.", f"Check {hint} (LT_STT_WIRE is {wire} now)."
        )
    return failure(
        f"Speech-to-text at {without_credentials(subject.stt.url)}: {seen}.",
        "Check LT_STT_URL, or MODAL_WORKSPACE and MODAL_STT_HOST_SUFFIX, and that the "
        "service runs; LT_STT_CONNECT_TIMEOUT is how long a cold start may take.",
    )


async def check_speech(subject: Subject) -> Finding:
    """The sample by the path of a call, as fast as it was spoken."""
    heard: list[Heard] = []
    problems: list[str] = []
    began: list[float] = []

    def on_word(word: TimedWord) -> None:
        heard.append(Heard(word.text, time.monotonic() - began[0]))

    def on_progress(sent_s: float) -> None:
        if not began:
            began.append(time.monotonic())

    with AudioFile(str(sample.FILE)) as file:
        transcription = FileTranscription(
            file,
            audio_path(subject.stt),
            realtime=True,
            on_word=on_word,
            on_progress=on_progress,
            on_problem=problems.append,
        )
        try:
            async with asyncio.timeout(subject.limits.speech_s):
                await transcription.run()
        except (SttError, TimeoutError) as error:
            problems.append(str(error))
    return _verdict(subject, heard, problems, transcription.garbage)


def _verdict(
    subject: Subject, heard: list[Heard], problems: list[str], garbage: int
) -> Finding:
    why = "; ".join(dict.fromkeys(filter(None, problems)))
    wire = f"LT_STT_WIRE ({subject.stt.wire} now)"
    if not heard:
        if garbage:
            seen, why = "It answers, but not on this wire", ""
        else:
            seen = "It takes audio and says nothing"
        return failure(
            f"Speech-to-text: {seen}{f' ({why})' if why else ''}.",
            f"Check that {wire} is the service's, and see the service's log: its model "
            "may not have loaded.",
        )
    result = sample.understood(heard)
    seen = f"{result.right} of {len(sample.WORDS)} words understood"
    if result.share < WELL_UNDERSTOOD:
        return warning(
            f"{seen}; it heard “{' '.join(word.text for word in heard)[:200]}”.",
            f"Check the service's model and its languages, and {wire}.",
        )
    seen += f", {result.delay_s:.1f} s after they were spoken"
    if result.delay_s > QUICK_S:
        return warning(
            f"{seen}: captions come late.",
            "Look at the load of the speech-to-text service and the way to it.",
        )
    return ok(f"{seen}.")
