"""moshi-server's own wire: MessagePack maps both ways. Pure.

Source: kyutai-labs/moshi, `rust/moshi-server/src/batched_asr.rs`.
"""

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
from signaling.stt.wire import AudioFormat, Limits

MAX_MESSAGE_BYTES = 64 * 1024
PAUSE_HEAD = 2
"Index of the probability that nothing is said for two seconds."
PAUSE_PROBABILITY = 0.5
WARM_UP_STEPS = 19
"Pause heads mean nothing in the first 1.5 s."
END_MARKER = 1
FRAME_BYTES = 7680
END_FRAMES = 19
"1.5 s: the model's delay and a second more."
_FLOAT32 = 0xCA


class MoshiWire:
    """`Audio` maps of 1920 floats in; words, pauses and markers out."""

    audio = AudioFormat.PCM_F32
    limits = Limits(connection_s=55 * 60)  # beyond, positions run out in the model
    waits_for_ready = True

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
        """A marker: it comes back when all audio before it has been recognised.

        The server takes one message per step of the model, and counts the marker's
        way in steps: so silence has to follow it, frame by frame.
        """
        marker: bytes = msgpack.packb({"type": "Marker", "id": END_MARKER})
        silence = self.encode_audio(bytes(FRAME_BYTES))
        return (marker, *([silence] * END_FRAMES))

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
            message = msgpack.unpackb(data)
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
            case {"type": "EndWord", "stop_time": int() | float() as stop_s}:
                return [WordEnd(float(stop_s))]
            case {"type": "Step"}:
                return self._step(message.get("prs"))
            case {"type": "Marker", "id": int(marker_id)}:
                return [MarkerReached(marker_id)]
            case {"type": "Ready"}:
                return [Ready()]
            case {"type": "Error"}:
                full = "free channels" in str(message.get("message"))[:200]
                reason = "no free channel" if full else "the server reports an error"
                return [StreamFailed(reason, retryable=True)]
            case _:
                return [Garbage()]

    def _step(self, probabilities: Any) -> list[SttEvent]:
        self._steps += 1
        if (
            not isinstance(probabilities, list)
            or len(probabilities) <= PAUSE_HEAD
            or not isinstance(probabilities[PAUSE_HEAD], int | float)
            or self._steps <= WARM_UP_STEPS
        ):
            return [Alive()]
        was_in_pause = self._in_pause
        self._in_pause = probabilities[PAUSE_HEAD] > PAUSE_PROBABILITY
        return [Pause()] if self._in_pause and not was_in_pause else [Alive()]


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
