# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""moshi-server's own wire: MessagePack maps both ways. Pure.

Source: kyutai-labs/moshi, `rust/moshi-server/src/batched_asr.rs`.
"""

import math
from collections.abc import Iterable
from typing import Any

import msgpack
import numpy as np

from signaling.stt.events import (
    Alive,
    Garbage,
    MarkerReached,
    Pause,
    Ready,
    StreamFailed,
    SttEvent,
    Word,
    WordEnd,
)
from signaling.stt.wire import FRAME_BYTES, NO_FREE_CHANNEL, AudioFormat, Limits

MAX_MESSAGE_BYTES = 64 * 1024
PAUSE_HEAD = 2
"Index of the probability that nothing is said for two seconds."
PAUSE_PROBABILITY = 0.5
WARM_UP_STEPS = 19
"Pause heads mean nothing in the first 1.5 s."
END_MARKER = 1
SAMPLE_HZ = 24_000
_FLOAT32 = 0xCA


class MoshiWire:
    """`Audio` maps of 1920 floats in; words, pauses and markers out."""

    audio = AudioFormat.PCM_F32
    # Beyond 55 min positions run out in the model; pongs do not count as audio.
    limits = Limits(connection_s=55 * 60, idle_s=120.0)
    waits_for_ready = True
    silence: bytes | None = bytes(FRAME_BYTES)

    def encode_audio(self, data: bytes) -> bytes:
        """`{"type": "Audio", "pcm": [...]}`, packed without a list of floats.

        MessagePack wants every float as 0xCA and four bytes, most significant first.
        """
        samples = np.frombuffer(data, dtype="<f4")
        packed = np.empty((samples.size, 5), dtype=np.uint8)
        packed[:, 0] = _FLOAT32
        packed[:, 1:] = samples.astype(">f4").view(np.uint8).reshape(-1, 4)
        header: bytes = msgpack.Packer().pack_array_header(samples.size)
        return _AUDIO_PREFIX + header + packed.tobytes()

    def encode_end(self) -> Iterable[bytes]:
        """A marker: it comes back when all audio before it has been recognised."""
        marker: bytes = msgpack.packb({"type": "Marker", "id": END_MARKER})
        return (marker,)

    def new_decoder(self) -> "MoshiDecoder":
        """Pauses are edges, so each connection has a decoder of its own."""
        return MoshiDecoder()


_AUDIO_PREFIX: bytes = b"\x82" + b"".join(
    msgpack.packb(text) for text in ("type", "Audio", "pcm")
)


class MoshiDecoder:
    """Decodes one connection's messages."""

    def __init__(self) -> None:
        self._steps = 0
        self._in_pause = False

    def decode(self, data: bytes | str) -> list[SttEvent]:
        """Events of one message; never raises."""
        if isinstance(data, str) or len(data) > MAX_MESSAGE_BYTES:
            return [Garbage()]
        try:
            # Strings, lists and maps cannot outgrow the message; keys are strings.
            message = msgpack.unpackb(data, strict_map_key=True)
        except (ValueError, msgpack.exceptions.UnpackException):
            return [Garbage()]
        if not isinstance(message, dict):
            return [Garbage()]
        return self._event(message)

    def _event(self, message: dict[Any, Any]) -> list[SttEvent]:
        match message:
            case {"type": "Word", "text": str(text)}:
                self._in_pause = False
                return [Word(text, _seconds(message.get("start_time")))]
            case {"type": "EndWord"}:
                stop_s = _seconds(message.get("stop_time"))
                return [Garbage() if stop_s is None else WordEnd(stop_s)]
            case {"type": "Step"}:
                waiting_s = _waiting_s(message.get("buffered_pcm"))
                return self._step(message.get("prs"), Alive(waiting_s))
            case {"type": "Marker", "id": int(marker_id)}:
                return [MarkerReached(marker_id)]
            case {"type": "Ready"}:
                return [Ready()]
            case {"type": "Error", "message": str(text)} if "free channels" in text:
                return [StreamFailed(NO_FREE_CHANNEL, retryable=True)]
            case {"type": "Error"}:
                return [StreamFailed("the server reports an error", retryable=True)]
            case _:
                return [Garbage()]

    def _step(self, probabilities: Any, alive: Alive) -> list[SttEvent]:
        self._steps += 1
        if (
            not isinstance(probabilities, list)
            or len(probabilities) <= PAUSE_HEAD
            or not isinstance(probabilities[PAUSE_HEAD], int | float)
            or self._steps <= WARM_UP_STEPS
        ):
            return [alive]
        was_in_pause = self._in_pause
        self._in_pause = probabilities[PAUSE_HEAD] > PAUSE_PROBABILITY
        return [Pause()] if self._in_pause and not was_in_pause else [alive]


def _seconds(value: Any) -> float | None:
    is_time = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_time else None


def _waiting_s(samples: Any) -> float:
    """Length of what waits in our channel; nothing if the server does not say."""
    waiting_s = _seconds(samples)
    return 0.0 if waiting_s is None else max(0.0, waiting_s / SAMPLE_HZ)
