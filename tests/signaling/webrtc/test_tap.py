# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The tap in aiortc's receivers: payloads come out as they were sent."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

import aiortc
import pytest
from aiortc import RTCPeerConnection, rtcpeerconnection
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from signaling.audio.packet import OpusPacket
from signaling.webrtc import tap
from signaling.webrtc.receiver import OpusReceiver
from signaling.webrtc.tap import TapReceiver
from tests.signaling.webrtc.publisher import RtpPublisher, connected

CELT_20_MS = b"\xf8"


class Received:
    """A sink that can be waited for."""

    def __init__(self) -> None:
        self.packets: list[OpusPacket] = []
        self._changed = asyncio.Event()

    def __call__(self, packet: OpusPacket) -> None:
        """Take one packet."""
        self.packets.append(packet)
        self._changed.set()

    async def number(self, number: int) -> list[OpusPacket]:
        """So many packets, once they are here."""
        while len(self.packets) < number:
            self._changed.clear()
            await self._changed.wait()
        return self.packets


def payloads(number: int) -> list[bytes]:
    """Opus packets of 20 ms with arbitrary content, of all lengths."""
    numbers = random.Random(1)
    return [CELT_20_MS + numbers.randbytes(1 + 11 * i % 900) for i in range(number)]


def receivers(receiver: OpusReceiver) -> list[RTCRtpReceiver]:
    """What aiortc built for a connection of ours."""
    return [t.receiver for t in receiver._peer_connection.getTransceivers()]


def tap_of(receiver: OpusReceiver) -> TapReceiver:
    """The one tap of a connection."""
    (built,) = receivers(receiver)
    assert isinstance(built, TapReceiver)
    return built


async def test_payloads_arrive_byte_by_byte() -> None:
    """What the sender put into RTP comes out, in order, with its numbers."""
    sent, received = payloads(100), Received()
    publisher = RtpPublisher(sent)
    async with connected(publisher, received):
        publisher.track.started.set()
        packets = await received.number(len(sent))
        assert [packet.payload for packet in packets] == sent
    first = packets[0]
    for number, packet in enumerate(packets):
        assert packet.sequence == (first.sequence + number) & 0xFFFF
        assert packet.timestamp == (first.timestamp + 960 * number) & 0xFFFFFFFF
        assert packet.ssrc == first.ssrc
        assert packet.arrived_s >= first.arrived_s


@pytest.mark.parametrize(
    ("level", "expected"), [((True, 30), -30), ((False, 127), -127), (None, None)]
)
async def test_audio_level_comes_with_the_packet(
    level: tuple[bool, int] | None, expected: int | None
) -> None:
    """In dBov, zero or less; None where the sender gave none."""
    received, publisher = Received(), RtpPublisher()
    async with connected(publisher, received):
        await publisher.send_rtp(CELT_20_MS + b"x", level=level)
        assert (await received.number(1))[0].level_dbov == expected


async def test_other_codecs_padding_and_nonsense_are_left_out() -> None:
    """An empty payload would become seconds of audio in an Ogg stream."""
    received, publisher = Received(), RtpPublisher()
    async with connected(publisher, received) as receiver:
        await publisher.send_rtp(b"pcm", sequence=1, payload_type=0)
        await publisher.send_rtp(b"", sequence=2)
        await publisher.send_rtp(b"\xfb\x3f", sequence=3)  # 63 frames of 20 ms
        await publisher.send_rtp(b"\xfb", sequence=4)
        await publisher.send_rtp(CELT_20_MS + b"good", sequence=5)
        (packet,) = await received.number(1)
        assert (packet.sequence, packet.payload) == (5, CELT_20_MS + b"good")
        assert tap_of(receiver).failures == 2


async def test_broken_sink_is_logged_once_and_the_connection_lives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An exception out of the handler would close the whole transport."""
    seen = asyncio.Queue[bytes]()

    def sink(packet: OpusPacket) -> None:
        seen.put_nowait(packet.payload)
        raise KeyError("broken")

    publisher = RtpPublisher()
    async with connected(publisher, sink) as receiver:
        for number in range(3):
            await publisher.send_rtp(CELT_20_MS + bytes([number]), sequence=number)
            assert await seen.get() == CELT_20_MS + bytes([number])
        assert tap_of(receiver).failures == 3
        assert publisher.connection.connectionState == "connected"
    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert [error.message for error in errors] == ["A packet could not be handled"]


async def test_statistics_for_receiver_reports_follow_one_sender() -> None:
    """Many senders in one stream do not make it grow."""
    received, publisher = Received(), RtpPublisher()
    async with connected(publisher, received) as receiver:
        for ssrc in (1, 1, 2, 3):
            await publisher.send_rtp(
                CELT_20_MS + b"x", sequence=len(received.packets), ssrc=ssrc
            )
            await received.number(len(received.packets) + 1)
        streams = getattr(tap_of(receiver), tap.STATISTICS)
        assert list(streams) == [3]
        assert streams[3].packets_received == 1


async def test_video_receivers_are_not_tapped() -> None:
    """Only audio is of use, and video is refused."""
    publisher = RtpPublisher(camera=True)
    async with connected(publisher, Received()) as receiver:
        audio, video = receivers(receiver)
        assert isinstance(audio, TapReceiver)
        assert type(video) is RTCRtpReceiver


async def test_other_peer_connections_keep_the_stock_receiver() -> None:
    """The patch concerns nobody else in the process, also while we negotiate."""
    async with connected(RtpPublisher(), Received()):
        other = RTCPeerConnection()
        transceiver = other.addTransceiver("audio")
        assert type(transceiver.receiver) is RTCRtpReceiver
        await other.close()


def test_install_twice_is_harmless() -> None:
    """The factory is put in place, not around what is there."""
    before = vars(rtcpeerconnection)["RTCRtpReceiver"]
    tap.install()
    assert vars(rtcpeerconnection)["RTCRtpReceiver"] is before is tap._build_receiver


def test_installed_aiortc_fits() -> None:
    """The version in requirements.txt is the one the tap was written for."""
    tap.check_aiortc()


def sync_handler(self: Any, packet: Any, arrival_time_ms: int) -> None:
    """Not a coroutine."""


async def other_handler(self: Any, packet: Any) -> None:
    """Other parameters."""


def other_init(self: Any) -> None:
    """Statistics under another name."""


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (aiortc, "__version__", "2.0.0"),
        (RTCRtpReceiver, "_handle_rtp_packet", sync_handler),
        (RTCRtpReceiver, "_handle_rtp_packet", other_handler),
        (RTCRtpReceiver, "_handle_rtp_packet", None),
        (RTCRtpReceiver, "_handle_disconnect", None),
        (RTCRtpReceiver, "__init__", other_init),
    ],
)
def test_another_aiortc_is_refused_with_advice(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, value: Callable[..., Any]
) -> None:
    """Better no start than calls without a word."""
    monkeypatch.setattr(owner, name, value)
    with pytest.raises(RuntimeError, match=r"install aiortc 1\.16\."):
        tap.check_aiortc()
