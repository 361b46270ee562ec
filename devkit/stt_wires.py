# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the services write to the socket and how they read it: one class for each.

Nothing here waits or touches a socket. `receive` takes a message and gives the answers;
EndOfSessionError says that the service ends the session there.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, get_args

import msgpack
import numpy as np
import sphn

from devkit.engine import SAMPLE_HZ, RecognisedWord, Samples
from devkit.stt_model import Channel, Step
from devkit.stt_record import Limits
from devkit.stt_timing import EndOfSessionError

StreamWire = Literal["modal-pcm", "modal-pcm-subword", "modal-opus"]
STREAM_WIRES: tuple[StreamWire, ...] = get_args(StreamWire)
FIRST_PIECE_LETTERS = 3
# at most, and at most half of the word
PIECE_LETTERS = 4
SUBWORD_WIRES = frozenset({"modal-pcm-subword", "modal-opus"})
SAMPLE_BYTES = 4
JSON_PING = json.dumps({"type": "ping"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A message to the client."""

    data: str | bytes
    word: RecognisedWord | None = None
    # the word that is complete with this message
    goes_on: bool = False
    # a piece of a word, more of it follows


class Session(Protocol):
    """One connection as its service sees it."""

    def opened(self) -> list[Reply]:
        """What the service says first."""
        ...

    def receive(self, message: str | bytes) -> list[Reply]:
        """Takes a message; raises EndOfSessionError where the service gives up."""
        ...

    def due(self) -> list[Reply]:
        """What other connections have made fall due."""
        ...

    def refusal(self) -> list[Reply]:
        """What the service says when it has no free place."""
        ...


class _TokenSession:
    """The two pairs of services that answer with JSON tokens."""

    subword: ClassVar[bool]

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel = channel
        self._limits = limits

    def opened(self) -> list[Reply]:
        """Nothing: there is no sign of being ready."""
        return []

    def due(self) -> list[Reply]:
        """Nothing: these services have no markers."""
        return []

    def refusal(self) -> list[Reply]:
        """Nothing: the client is left to guess."""
        return []

    def _step(self, frame: Samples) -> tuple[list[Reply], Step]:
        step = self._channel.step(frame)
        replies = [reply for word in step.words for reply in self._tokens(word)]
        if self.subword and step.in_pause:
            replies.append(Reply(json.dumps({"type": "vad_end"})))
        return replies, step

    def _tokens(self, word: RecognisedWord) -> Iterator[Reply]:
        pieces = subword_pieces(word.text) if self.subword else [word.text]
        for piece in pieces[:-1]:
            yield Reply(_token(piece), goes_on=True)
        yield Reply(_token(pieces[-1]), word)


class ModalPcmSession(_TokenSession):
    """Raw PCM in front of the Rust server: whole words and nothing else."""

    subword = False

    def receive(self, message: str | bytes) -> list[Reply]:
        """Takes f32 little-endian samples; a text or a broken sample is the end."""
        if isinstance(message, str):
            raise EndOfSessionError("text frame")
        replies: list[Reply] = []
        for frame in self._channel.queue.push(self._samples(message)):
            replies += self._step(frame)[0]
        return replies

    def _samples(self, message: bytes) -> Samples:
        if len(message) % SAMPLE_BYTES:
            raise EndOfSessionError("length is not a multiple of 4")
        return np.frombuffer(message, dtype="<f4").astype(np.float32)


class ModalPcmSubwordSession(ModalPcmSession):
    """The Python server in between: PCM of any length, sub-word tokens, pauses."""

    subword = True

    def __init__(self, channel: Channel, limits: Limits) -> None:
        super().__init__(channel, limits)
        self._rest = b""

    def _samples(self, message: bytes) -> Samples:
        joined = self._rest + message
        whole = len(joined) - len(joined) % SAMPLE_BYTES
        self._rest = joined[whole:]
        return super()._samples(joined[:whole])


class ModalOpusSession(_TokenSession):
    """One continuous Ogg Opus stream, sub-word tokens, pauses."""

    subword = True

    def __init__(self, channel: Channel, limits: Limits) -> None:
        super().__init__(channel, limits)
        self._decoder = OggDecoder()
        self._room_bytes = self._limits.ogg_buffer_bytes

    def receive(self, message: str | bytes) -> list[Reply]:
        """Takes pages; in a pause one frame a message, the rest of it waits."""
        if isinstance(message, str):
            raise EndOfSessionError("text frame")
        if len(message) > self._room_bytes:
            return []
        self._room_bytes -= len(message)
        replies: list[Reply] = []
        for frame in self._channel.queue.push(self._decoder.decode(message)):
            answers, step = self._step(frame)
            replies += answers
            if step.in_pause:
                break
        return replies


class MoshiSession:
    """moshi-server: MessagePack maps both ways."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel = channel
        self._decoder = OggDecoder()

    def opened(self) -> list[Reply]:
        """The channel is reset on connecting."""
        return [_packed("Ready")]

    def refusal(self) -> list[Reply]:
        """It says so, then closes without a code."""
        return [_packed("Error", message="no free channels")]

    def due(self) -> list[Reply]:
        """Markers that steps of any client have reached."""
        markers = self._channel.clock.take_due(self._channel)
        return [_packed("Marker", id=marker) for marker in markers]

    def receive(self, message: str | bytes) -> list[Reply]:
        """Takes one message; one it cannot read is the end, without a word."""
        if isinstance(message, str):
            return []
        match _unpacked(message):
            case {"type": "Init"}:
                self._channel.reset()
                return [_packed("Ready")]
            case {"type": "Marker", "id": int(marker)}:
                self._channel.mark(marker)
                return []
            case {"type": "Audio", "pcm": list(pcm)}:
                return self._listen(_as_samples(pcm), only_one=False)
            case {"type": "OggOpus", "data": bytes(page)}:
                return self._listen(self._decoder.decode(page), only_one=True)
            case _:
                raise EndOfSessionError("unknown message", code=None)

    def _listen(self, samples: Samples, only_one: bool) -> list[Reply]:
        replies: list[Reply] = []
        for frame in self._channel.queue.push(samples):
            step = self._channel.step(frame)
            for word in step.words:
                replies.append(_packed_word(word))
                replies.append(_packed("EndWord", stop_time=word.end_s))
            replies.append(self._packed_step(step))
            replies += self.due()
            if only_one:
                break
        return replies

    def _packed_step(self, step: Step) -> Reply:
        waiting = self._channel.queue.waiting
        return _packed(
            "Step", step_idx=step.index, prs=list(step.pauses), buffered_pcm=waiting
        )


class OggDecoder:
    """The decoder of the services; what it cannot read is skipped without notice."""

    def __init__(self) -> None:
        self._reader = sphn.OpusStreamReader(SAMPLE_HZ)

    def decode(self, pages: bytes) -> Samples:
        """The audio of some pages, possibly none; a broken stream stays silent."""
        try:
            decoded: Samples = self._reader.append_bytes(pages)
        except ValueError:
            return np.zeros(0, dtype=np.float32)
        return decoded


def subword_pieces(text: str) -> list[str]:
    """A word as tokens: a space, the first letters, then the rest bit by bit."""
    first = min(FIRST_PIECE_LETTERS, (len(text) + 1) // 2)
    pieces = [f" {text[:first]}"]
    rest = text[first:]
    while rest:
        pieces.append(rest[:PIECE_LETTERS])
        rest = rest[PIECE_LETTERS:]
    return pieces


def _token(text: str) -> str:
    return json.dumps({"type": "token", "text": text})


def _packed(kind: str, **values: object) -> Reply:
    return Reply(msgpack.packb({"type": kind, **values}))


def _packed_word(word: RecognisedWord) -> Reply:
    message = {"type": "Word", "text": word.text, "start_time": word.start_s}
    return Reply(msgpack.packb(message), word)


def _unpacked(message: bytes) -> object:
    try:
        unpacked: object = msgpack.unpackb(message, raw=False)
    except (ValueError, msgpack.UnpackException) as error:
        raise EndOfSessionError("malformed MessagePack", code=None) from error
    return unpacked


def _as_samples(pcm: list[object]) -> Samples:
    try:
        samples: Samples = np.asarray(pcm, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise EndOfSessionError("pcm is not a list of numbers", code=None) from error
    if samples.ndim != 1:
        raise EndOfSessionError("pcm is not a list of numbers", code=None)
    return samples


def new_session(wire: str, channel: Channel, limits: Limits) -> Session:
    """The service behind a wire; raises ValueError for an unknown one."""
    match wire:
        case "modal-pcm":
            return ModalPcmSession(channel, limits)
        case "modal-pcm-subword":
            return ModalPcmSubwordSession(channel, limits)
        case "modal-opus":
            return ModalOpusSession(channel, limits)
        case "moshi":
            return MoshiSession(channel, limits)
    raise ValueError(f"no such wire: {wire}")
