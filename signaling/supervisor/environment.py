# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What all calls of one worker process share."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from signaling.audio.framer import OpusFramer
from signaling.audio.ogg import OggMuxer, PlainMuxer
from signaling.audio.packet import Frame
from signaling.audio.pcm import PcmFramer
from signaling.config import (
    CallConfig,
    SttConfig,
    call_config,
    stt_config,
    workers_folder,
)
from signaling.hpb.guard import HpbGuard, process_guard
from signaling.stt.stream import SttStream
from signaling.stt.timing import StreamTiming
from signaling.stt.wire import AudioFormat
from signaling.stt.wires import WIRES
from signaling.supervisor.prewarm import Prewarmer
from signaling.supervisor.seats import SpeakerSeats
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.transcription import TAIL_S, AudioPath


@dataclass(frozen=True, slots=True)
class CallEnvironment:
    """Configuration and shared limits of a worker's calls."""

    worker: str
    "Name of this worker's row."
    call: CallConfig
    audio_path: AudioPath
    "The audio parts for the configured wire."
    slots: StreamSlots
    seats: SpeakerSeats
    prewarmer: Prewarmer
    folder: Path
    "What workers share if they share anything: the data volume."
    guard: HpbGuard = field(default_factory=HpbGuard)
    "Keeps a wrong secret from getting this address banned by the HPB."

    @classmethod
    def from_settings(cls, worker: str) -> "CallEnvironment":
        """Environment as the settings describe it."""
        stt, call = stt_config(), call_config()
        path = audio_path(stt)
        return cls(
            worker=worker,
            call=call,
            audio_path=path,
            slots=StreamSlots(stt.max_streams),
            seats=SpeakerSeats(call.max_speakers),
            prewarmer=Prewarmer(path.new_stream, path.new_framer, enabled=stt.prewarm),
            folder=workers_folder(),
            guard=process_guard,
        )


def audio_path(stt: SttConfig) -> AudioPath:
    """The audio parts for the configured wire."""
    wire, timing = WIRES[stt.wire], StreamTiming(connection_s=stt.renew_s or None)
    if wire.audio is AudioFormat.OGG:
        return AudioPath(
            new_framer=OpusFramer,
            new_stream=lambda: SttStream(
                stt, wire, _new_ogg_muxer, new_silence=_opus_silence, timing=timing
            ),
            idle_s=stt.idle_s,
        )
    return AudioPath(
        new_framer=PcmFramer,
        new_stream=lambda: SttStream(stt, wire, PlainMuxer, timing=timing),
        idle_s=stt.idle_s,
    )


def _opus_silence() -> list[Frame]:
    """What brings out the last words before a connection is renewed."""
    return OpusFramer().silence(TAIL_S, time.monotonic())


def _new_ogg_muxer() -> OggMuxer:
    # A serial number tells logical streams apart; it is no secret.
    return OggMuxer(random.getrandbits(32))
