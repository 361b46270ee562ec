# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The guarded aiortc subclass: Opus payloads out, nothing decoded.

aiortc has no public way to RTP payloads. This takes the least fragile private one: a
subclass of its receiver that overrides the coroutine which gets each packet. Where
aiortc builds receivers, a factory looks at a context variable, so that only peer
connections made by `receiver.py` get a tap.
"""

import inspect
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import aiortc
from aiortc import rtcpeerconnection
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver, StreamStatistics
from aiortc.rtp import RtpPacket

from signaling.audio.packet import OPUS_HZ, OpusPacket, packet_samples

logger = logging.getLogger(__name__)

SUPPORTED_AIORTC = "1.16."
STATISTICS = "_RTCRtpReceiver__remote_streams"

PacketSink = Callable[[OpusPacket], None]

packet_sink: ContextVar[PacketSink] = ContextVar("packet_sink")
"Who gets the packets of receivers that are built in this context."


class TapReceiver(RTCRtpReceiver):
    """Hands each Opus payload to a sink and keeps receiver reports going."""

    def __init__(self, kind: str, transport: Any, sink: PacketSink) -> None:
        super().__init__(kind, transport)
        self._sink = sink
        self._opus_types: frozenset[int] = frozenset()
        self.failures = 0
        "Packets whose handling broke; the first one is logged."

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Start, and end at once the decoder thread that the base class starts."""
        self._opus_types = frozenset(
            codec.payloadType
            for codec in parameters.codecs
            if codec.mimeType.lower() == "audio/opus" and codec.payloadType is not None
        )
        await super().receive(parameters)
        self._handle_disconnect()

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        """Take one packet; an exception here would close the whole transport."""
        # Padding-only probes are empty; in an Ogg stream they would become seconds.
        if packet.payload_type not in self._opus_types or not packet.payload:
            return
        try:
            self._count(packet)
            packet_samples(packet.payload)
            self._sink(_opus_packet(packet))
        except ValueError:
            self.failures += 1  # not an Opus packet at all
        except Exception:
            self.failures += 1
            if self.failures == 1:
                logger.exception("A packet could not be handled")

    def _count(self, packet: RtpPacket) -> None:
        """Feed the statistics from which receiver reports are made."""
        streams: dict[int, StreamStatistics] = getattr(self, STATISTICS)
        if packet.ssrc not in streams:
            streams.clear()  # one sender at a time; hostile ones may bring many
            streams[packet.ssrc] = StreamStatistics(OPUS_HZ)
        streams[packet.ssrc].add(packet)


def _opus_packet(packet: RtpPacket) -> OpusPacket:
    level = packet.extensions.audio_level  # (voice flag, -dBov) or None
    return OpusPacket(
        payload=packet.payload,
        sequence=packet.sequence_number,
        timestamp=packet.timestamp,
        level_dbov=-abs(level[1]) if level is not None else None,
        arrived_s=time.monotonic(),
        ssrc=packet.ssrc,
    )


def _build_receiver(kind: str, transport: Any) -> RTCRtpReceiver:
    """What aiortc calls instead of its class: a tap where one is asked for."""
    sink = packet_sink.get(None)
    if sink is None or kind != "audio":
        return RTCRtpReceiver(kind, transport)
    return TapReceiver(kind, transport, sink)


def check_aiortc() -> None:
    """Raise `RuntimeError` if the installed aiortc is not one this tap knows."""
    handler = getattr(RTCRtpReceiver, "_handle_rtp_packet", None)
    fits = (
        aiortc.__version__.startswith(SUPPORTED_AIORTC)
        and inspect.iscoroutinefunction(handler)
        and list(inspect.signature(handler).parameters)
        == ["self", "packet", "arrival_time_ms"]
        and callable(getattr(RTCRtpReceiver, "_handle_disconnect", None))
        and STATISTICS in RTCRtpReceiver.__init__.__code__.co_names
        and hasattr(rtcpeerconnection, "RTCRtpReceiver")
    )
    if not fits:
        raise RuntimeError(
            f"aiortc {aiortc.__version__} is not one whose packets can be tapped: "
            f"install aiortc {SUPPORTED_AIORTC}*"
        )


def install() -> None:
    """Let aiortc build receivers through the factory; doing it again is harmless."""
    vars(rtcpeerconnection)["RTCRtpReceiver"] = _build_receiver


install()
