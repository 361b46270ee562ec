# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""`manage.py transcribe`: a file through a stream, as a program of its own."""

import asyncio
import json
import os
import sys
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from devkit.app import OURS, ROOT
from devkit.scripted import NumberedEngine
from devkit.stt import SttServer
from devkit.stt_record import Credentials
from devkit.tones import spoken_words

WORDS = 12


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run of the command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
async def stt() -> AsyncIterator[SttServer]:
    """Understands words made of tones."""
    credentials = Credentials(modal_key="", modal_secret="")  # none for such hosts
    async with SttServer(NumberedEngine(), credentials=credentials) as server:
        yield server


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A recording, in stereo at 44.1 kHz as files are."""
    mono = spoken_words(0, range(1, WORDS + 1), 44_100)
    stereo = np.repeat((mono * 32_767).astype("<i2"), 2)
    path = tmp_path / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(stereo.tobytes())
    return path


async def transcribe(
    stt: SttServer | None, *arguments: str, stdin: bytes = b"", **settings: str
) -> Ended:
    """Run the command to its end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    if stt is not None:
        environment |= {"LT_STT_URL": stt.moshi_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "manage.py"),
        "transcribe",
        *arguments,
        env=environment | settings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


NUMBERED = [f"w{n}" for n in range(1, WORDS + 1)]


async def test_words_come_with_their_times(stt: SttServer, spoken: Path) -> None:
    """A word every 0.3 s, about where it was spoken."""
    ended = await transcribe(stt, str(spoken))
    assert ended.code == 0, ended.err
    lines = [line.split() for line in ended.out.splitlines()]
    assert [word for _, word in lines] == NUMBERED
    times = [float(at_s) for at_s, _ in lines]
    assert times == sorted(times)
    assert times[-1] <= WORDS * 0.3 + 1.5


async def test_standard_input_as_subtitles(stt: SttServer, spoken: Path) -> None:
    """Nothing but the document on standard output."""
    audio = await asyncio.to_thread(spoken.read_bytes)
    ended = await transcribe(stt, "-", "--out", "vtt", stdin=audio)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("WEBVTT\n\n00:00:0")
    assert "w1 w2 w3" in ended.out


async def test_another_wire_and_all_times(stt: SttServer, spoken: Path) -> None:
    """Ogg Opus or PCM, whatever the settings say."""
    stt.stream_wire = "modal-opus"
    ended = await transcribe(
        stt,
        str(spoken),
        "--wire",
        "modal-opus",
        "--out",
        "json",
        LT_STT_URL=stt.stream_url,
    )
    assert ended.code == 0, ended.err
    assert [word["text"] for word in json.loads(ended.out)] == NUMBERED


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("nothing.wav", None, "cannot be read as audio"),
        ("text.wav", b"this is no audio at all", "cannot be read as audio"),
    ],
)
async def test_a_bad_file_is_a_sentence(
    stt: SttServer, tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    """No traceback, and nobody was called."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    ended = await transcribe(stt, str(path))
    assert (ended.code, ended.out, stt.handshakes) == (1, "", 0)
    assert says in ended.err
    assert "Traceback" not in ended.err


async def test_missing_settings_are_named(spoken: Path) -> None:
    """All of them."""
    ended = await transcribe(None, str(spoken))
    assert ended.code == 1
    assert "MODAL_WORKSPACE, MODAL_KEY, MODAL_SECRET" in ended.err


async def test_a_refusal_says_what_to_change(stt: SttServer, spoken: Path) -> None:
    """Once, not for ever."""
    stt.faults.handshake_status = 401
    ended = await transcribe(stt, str(spoken))
    assert (ended.code, stt.handshakes) == (1, 1)
    assert "HTTP 401" in ended.err
    assert "Traceback" not in ended.err


async def test_a_service_that_is_away_is_given_up(stt: SttServer, spoken: Path) -> None:
    """After a while; a call would go on."""
    stt.faults.handshake_status = 503
    ended = await transcribe(stt, str(spoken))
    assert ended.code == 1
    assert "speech-to-text: HTTP 503" in ended.err
