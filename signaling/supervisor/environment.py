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
from signaling.hpb.guard import HpbGuard
from signaling.stt.stream import SttStream
from signaling.stt.wire import AudioFormat
from signaling.stt.wires import WIRES
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.transcription import TAIL_S, AudioPath


@dataclass(frozen=True, slots=True)
class CallEnvironment:
    """Configuration and shared limits of a worker's calls."""

    worker: str
    "Name of this worker's row."
    call: CallConfig
    stt: SttConfig
    slots: StreamSlots
    folder: Path
    "What workers share if they share anything: the data volume."
    guard: HpbGuard = field(default_factory=HpbGuard)
    "Keeps a wrong secret from getting this address banned by the HPB."

    @classmethod
    def from_settings(cls, worker: str) -> "CallEnvironment":
        """Environment as the settings describe it."""
        stt = stt_config()
        return cls(
            worker=worker,
            call=call_config(),
            stt=stt,
            slots=StreamSlots(stt.max_streams),
            folder=workers_folder(),
        )

    def audio_path(self) -> AudioPath:
        """The audio parts for the configured wire."""
        wire = WIRES[self.stt.wire]
        if wire.audio is AudioFormat.OGG:
            return AudioPath(
                new_framer=OpusFramer,
                new_stream=lambda: SttStream(
                    self.stt, wire, _new_ogg_muxer, new_silence=_opus_silence
                ),
                idle_s=self.stt.idle_s,
            )
        return AudioPath(
            new_framer=PcmFramer,
            new_stream=lambda: SttStream(self.stt, wire, PlainMuxer),
            idle_s=self.stt.idle_s,
        )


def _opus_silence() -> list[Frame]:
    """What brings out the last words before a connection is renewed."""
    return OpusFramer().silence(TAIL_S, time.monotonic())


def _new_ogg_muxer() -> OggMuxer:
    # A serial number tells logical streams apart; it is no secret.
    return OggMuxer(random.getrandbits(32))
