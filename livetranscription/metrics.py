# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What this installation counts for Prometheus, over all its processes on this host.

No label holds a room, a name or a session, and each has few values. Where several
processes work together, each counts in files of its own in one folder, and whoever is
scraped adds them up; a single process counts in memory.
"""

import asyncio
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

FOLDER = Path(settings.METRICS_FOLDER) if settings.METRICS_FOLDER else None
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
PREFIX = "live_transcription"
NAP_S = 0.25
"The event loop is as late as it wakes us after this time."
MAX_DEAD = 50
"Processes that have ended and are still counted; beyond, the oldest are forgotten."
DELAYS_S = (0.02, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0)
LAGS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
REQUESTS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})

registry = CollectorRegistry()


def _prepare(folder: Path) -> None:
    """Make the folder; raises `RuntimeError` if somebody else was here first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to somebody else")


if FOLDER is not None:
    _prepare(FOLDER)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, namespace=PREFIX, registry=registry)


def _histogram(
    name: str, text: str, buckets: Iterable[float], *labels: str
) -> Histogram:
    return Histogram(
        name,
        text,
        labels,
        namespace=PREFIX,
        registry=registry,
        buckets=tuple(buckets),
    )


captions = _counter("captions", "Captions that went to at least one reader.")
words = _counter("words", "Words of captions, by what became of them.", "fate")
recognised_words = _counter("recognised_words", "Words that speech-to-text sent.")
audio_seconds = _counter("audio_seconds", "Audio that came from speakers.")
speech_seconds = _counter("speech_seconds", "Speech in it.")
stt_seconds = _counter(
    "stt_seconds", "Time for which streams to speech-to-text were open."
)
stt_streams = _counter("stt_streams", "Streams to speech-to-text that were opened.")
stt_renewals = _counter(
    "stt_renewals", "Connections that were replaced while they stood.", "reason"
)
stt_failures = _counter(
    "stt_failures", "Connections and attempts that failed.", "reason"
)
dropped_seconds = _counter(
    "dropped_speech_seconds", "Speech that never reached speech-to-text.", "reason"
)
lost_packets = _counter("lost_packets", "Audio packets the network lost.")
reconnects = _counter("reconnects", "Connections made again.", "peer", "reason")
events = _counter("events", "Lines of the calls' timelines.", "code", "level")
audio_age = _histogram(
    "audio_age_seconds", "From the end of an 80 ms frame to speech-to-text.", DELAYS_S
)
word_to_caption = _histogram(
    "word_to_caption_seconds", "From a caption's first word to its sending.", DELAYS_S
)
request_seconds = _histogram(
    "request_seconds", "Time of our answers.", REQUESTS_S, "method", "route", "status"
)
loop_lag = _histogram("event_loop_lag_seconds", "How late the event loop was.", LAGS_S)
slots = Gauge(
    "stt_slots",
    "Streams to speech-to-text: in use, waited for, and how many there may be.",
    ["kind"],
    namespace=PREFIX,
    registry=registry,
    multiprocess_mode="livesum",
)
if FOLDER is None:
    ProcessCollector(namespace=PREFIX, registry=registry)


def exposition(*more: Collector) -> bytes:
    """Everything in Prometheus' text format 0.0.4, with what `more` collects.

    Blocks on files where there are several processes: not for the event loop.
    """
    parts = [registry]
    if FOLDER is not None:
        _forget_dead(FOLDER)
        together = CollectorRegistry()
        MultiProcessCollector(together, path=str(FOLDER))  # type: ignore[no-untyped-call]
        parts = [together]
    rows = CollectorRegistry()
    for collector in more:
        rows.register(collector)
    return b"".join(generate_latest(part) for part in (*parts, rows))


def observe_request(method: str, route: str, status: int, took_s: float) -> None:
    """Count one answer; `route` is the pattern that matched, never the path itself."""
    known = method if method in METHODS else "other"
    request_seconds.labels(known, route, str(status)).observe(took_s)


async def watch_event_loop() -> None:
    """Measure how late the loop is, until cancelled."""
    while True:
        due_s = time.monotonic() + NAP_S
        await asyncio.sleep(NAP_S)
        loop_lag.observe(max(0.0, time.monotonic() - due_s))


def _forget_dead(folder: Path) -> None:
    """What ended processes hold now is nothing; what they counted stays for a while."""
    dead = []
    for file in sorted(folder.glob("counter_*.db"), key=_changed_s):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
            dead.append(pid)
    for pid in dead[: max(0, len(dead) - MAX_DEAD)]:
        for file in folder.glob(f"*_{pid}.db"):
            file.unlink(missing_ok=True)


def _changed_s(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # another scrape was faster
        return 0.0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
