# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The small interface of a wire. Pure.

A wire knows how one kind of speech-to-text service packs audio and words; it keeps
no connection. A new wire is one new file and one row in `wires.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from signaling.stt.events import SttEvent

FRAME_BYTES = 7680
"80 ms of f32 samples at 24 kHz, mono."
NO_FREE_CHANNEL = "no free channel"
"Reason of a `StreamFailed` by which a server says that it is full."


class AudioFormat(Enum):
    """What an encoder of the audio package has to deliver."""

    OGG = "Ogg Opus pages of 80 ms"
    PCM_F32 = "f32 little-endian, 24 kHz, mono, 80 ms"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a connection has to be renewed before its service ends it."""

    connection_s: float
    connection_bytes: int | None = None
    idle_s: float | None = None
    "Without a message of ours for so long the service hangs up; None: never."


class Wire(Protocol):
    """One way of talking to a speech-to-text service."""

    audio: AudioFormat
    limits: Limits
    waits_for_ready: bool
    "Whether the server says when it takes audio."
    silence: bytes | None
    "80 ms of silence for `encode_audio`; None where only an encoder can make it."

    def encode_audio(self, data: bytes) -> bytes:
        """80 ms of audio, as one message."""

    def encode_end(self) -> Iterable[bytes]:
        """Messages that ask for the last words; nothing on wires without such."""

    def new_decoder(self) -> "Decoder":
        """A decoder for one connection."""


class Decoder(Protocol):
    """Decodes what one connection brings."""

    def decode(self, data: bytes | str) -> list[SttEvent]:
        """Events of one message; `Garbage` for anything malformed, never raises."""


class Muxer(Protocol):
    """Turns 80 ms frames into the bytes of one connection; frames are opaque here."""

    def start(self) -> Iterable[bytes]:
        """What has to go before the first frame."""

    def frame(self, frame: Any) -> bytes:
        """One frame, as one message's audio."""

    def end(self) -> Iterable[bytes]:
        """What has to go after the last frame."""
