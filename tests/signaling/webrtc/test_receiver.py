# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One peer connection per publisher, against a real aiortc publisher."""

import asyncio
import gc
import logging
import os
import threading
import time

import pytest

from signaling.config import IceServer
from signaling.errors import NegotiationError
from signaling.webrtc import receiver as receiver_module
from signaling.webrtc.receiver import MAX_EARLY_CANDIDATES, OpusReceiver
from tests.signaling.webrtc.publisher import RtpPublisher, connected
from tests.signaling.webrtc.test_tap import CELT_20_MS, Received, payloads

CANDIDATE = "candidate:1 1 udp 2015363327 192.0.2.2 {port} typ host"


def ignore(packet: object) -> None:
    """A sink for tests that are not about packets."""


def media_sections(sdp: str) -> dict[str, str]:
    """Kind of media -> its part of the SDP."""
    sections = sdp.split("\r\nm=")[1:]
    return {section.partition(" ")[0]: section for section in sections}


def without_candidates(sdp: str) -> str:
    """As Janus offers: candidates come one by one."""
    lines = sdp.splitlines(keepends=True)
    left_out = ("a=candidate", "a=end-of-candidates")
    return "".join(line for line in lines if not line.startswith(left_out))


def candidates(sdp: str) -> list[str]:
    """Candidates of the first media section, as they are sent one by one."""
    section = media_sections(sdp)["audio"]
    lines = section.splitlines()
    return [line[2:] for line in lines if line.startswith("a=candidate")]


async def test_answer_holds_our_candidates_and_receives_only() -> None:
    """Nothing has to be sent after it."""
    publisher = RtpPublisher()
    async with connected(publisher, ignore):
        answer = publisher.connection.remoteDescription.sdp
        audio = media_sections(answer)["audio"]
    assert "a=recvonly" in audio
    assert "a=candidate:" in audio
    assert "opus/48000/2" in audio


async def test_video_is_refused_and_leaves_no_thread() -> None:
    """Accepted video would be decoded into a queue that nobody reads."""
    threads = set(threading.enumerate())
    publisher, received = RtpPublisher(payloads(3), camera=True), Received()
    async with connected(publisher, received) as receiver:
        sections = media_sections(publisher.connection.remoteDescription.sdp)
        assert "a=inactive" in sections["video"]
        assert "a=recvonly" in sections["audio"]
        publisher.track.started.set()
        await received.number(3)
        names = [t.name for t in threading.enumerate() if "decoder" in t.name]
        assert not names
        assert not receiver.malformed_candidates
    left = set(threading.enumerate()) - threads
    assert not {thread.name for thread in left if "asyncio" not in thread.name}


@pytest.mark.parametrize("early", [True, False])
async def test_candidates_may_come_before_or_after_the_offer(early: bool) -> None:
    """Janus has been seen to send one before its offer."""
    publisher, receiver = RtpPublisher(), OpusReceiver((), ignore)
    offer = await publisher.offer()
    if early:
        for line in candidates(offer):
            await receiver.add_candidate(line, "0", 0)
    answer = await receiver.answer(without_candidates(offer))
    if not early:
        for line in candidates(offer):
            await receiver.add_candidate(line, "0", 0)
    # Without our candidates the publisher cannot reach us: theirs have to work.
    await publisher.take_answer(without_candidates(answer))
    await receiver.connected.wait()
    await receiver.aclose()
    await publisher.close()


async def test_changed_offer_is_answered_on_the_same_connection() -> None:
    """The publisher added a camera: audio goes on."""
    publisher, received = RtpPublisher(), Received()
    async with connected(publisher, received) as receiver:
        publisher.connection.addTransceiver("video")
        await publisher.take_answer(await receiver.answer(await publisher.offer()))
        sections = media_sections(publisher.connection.remoteDescription.sdp)
        assert "a=inactive" in sections["video"]
        await publisher.send_rtp(CELT_20_MS + b"x")
        await received.number(1)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "candidate:1 1 udp 1 x.local 9 typ host",
        "candidate:1 1 udp 1 192.0.2.2 99999 typ host",
    ],
)
async def test_malformed_candidates_are_counted(line: str) -> None:
    """They come from other people's browsers and harm nobody."""
    receiver = OpusReceiver((), ignore)
    await receiver.add_candidate(line, "0", 0)
    await receiver.add_candidate("", "0", 0)
    assert receiver.malformed_candidates == 1
    await receiver.aclose()


async def test_early_candidates_are_bounded() -> None:
    """Without an offer the newest ones are kept, and no more."""
    receiver = OpusReceiver((), ignore)
    for port in range(1, 3 * MAX_EARLY_CANDIDATES):
        await receiver.add_candidate(CANDIDATE.format(port=port), "0", 0)
    assert len(receiver._early) == MAX_EARLY_CANDIDATES
    await receiver.aclose()


@pytest.mark.parametrize(
    "line",
    [
        CANDIDATE.format(port=0),
        "candidate:1 2 udp 1 192.0.2.2 9 typ host",
        "candidate:1 0 udp 1 192.0.2.2 9 typ host",
        "candidate:1 1 sctp 1 192.0.2.2 9 typ host",
        "candidate:1 1 udp 1 192.0.2.2 9 typ prflx",
        "candidate:1 1 tcp 1 192.0.2.2 9 typ host tcptype active",
        "candidate:1 1 udp 1 ff02::1 9 typ host",
        "candidate:1 1 udp 1 fe80::1%nowhere 9 typ host",
        "candidate:1 1 udp 1 255.255.255.255 9 typ host",
    ],
)
async def test_odd_candidates_do_not_harm_the_connection(line: str) -> None:
    """Well-formed, of no use, and of no consequence; also after the last one."""
    publisher, received = RtpPublisher(), Received()
    receiver = OpusReceiver((), received)
    await receiver.add_candidate(line, "0", 0)
    await publisher.take_answer(await receiver.answer(await publisher.offer()))
    await receiver.add_candidate(line, "0", 0)
    await receiver.connected.wait()
    await receiver.add_candidate(line, "0", 0)
    await publisher.close()
    await receiver.aclose()
    await receiver.add_candidate(line, "0", 0)


async def garbage_offers() -> list[str]:
    """Offers that cannot be answered, from nothing at all to almost right."""
    publisher = RtpPublisher(camera=True)
    good = await publisher.offer()
    await publisher.close()
    head, audio, video = good.split("\r\nm=")
    return [
        "",
        "\x00\ud800",
        "v=0\r\n",
        "m=audio",
        f"{head}\r\n",
        good.replace("m=", "m=m="),
        good.replace("BUNDLE", "LS").replace("a=ice-pwd", "a=pwd"),
        good[: len(good) // 3],
        f"{head.replace('0 1', '1')}\r\nm={video}",
        good.replace("opus/48000/2", "speex/16000"),
    ]


async def refusal(offer: str) -> NegotiationError:
    """What `answer` raises; the receiver is closed again."""
    receiver = OpusReceiver((), ignore)
    try:
        with pytest.raises(NegotiationError) as failure:
            await receiver.answer(offer)
    finally:
        await receiver.aclose()
    return failure.value


async def test_garbage_offers_are_negotiation_errors() -> None:
    """Whatever aiortc's parser raises: the next offer may be better."""
    for offer in await garbage_offers():
        assert (await refusal(offer)).retryable


async def test_offer_without_opus_is_refused() -> None:
    """Telephone codecs would be accepted, and nobody would ever hear a word."""
    publisher = RtpPublisher()
    offer = await publisher.offer()
    await publisher.close()
    offer = offer.replace("a=rtpmap:96 opus/48000/2\r\n", "").replace("96 ", "")
    assert "cannot be answered" in str(await refusal(offer))


async def test_good_offer_after_a_refused_one_is_answered() -> None:
    """A refusal leaves the connection able to go on."""
    publisher, receiver = RtpPublisher(), OpusReceiver((), ignore)
    for offer in await garbage_offers():
        with pytest.raises(NegotiationError):
            await receiver.answer(offer)
    await publisher.take_answer(await receiver.answer(await publisher.offer()))
    await receiver.connected.wait()
    await receiver.aclose()
    await publisher.close()


async def test_answer_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unreachable STUN server may not hold up the call."""
    monkeypatch.setattr(receiver_module, "NEGOTIATE_TIMEOUT_S", 0.05)
    publisher = RtpPublisher()
    offer = await publisher.offer()
    receiver = OpusReceiver((IceServer(("stun:192.0.2.99:9",)),), ignore)
    started_s = time.monotonic()
    with pytest.raises(NegotiationError, match="in time"):
        await receiver.answer(offer)
    assert time.monotonic() - started_s < 2.0
    await receiver.aclose()
    await publisher.close()


async def test_end_of_the_other_side_is_told() -> None:
    """The publisher left: `wait_closed` says so."""
    publisher = RtpPublisher()
    async with connected(publisher, ignore) as receiver:
        waiting = asyncio.ensure_future(receiver.wait_closed())
        await publisher.close()
        assert await waiting == "closed by the media server"


async def test_close_is_harmless_when_done_twice() -> None:
    """And ends the waiting, also where nothing was ever connected."""
    receiver = OpusReceiver((), ignore)
    await receiver.aclose()
    await receiver.aclose()
    assert "closed" in await receiver.wait_closed()
    assert not receiver.connected.is_set()


async def test_close_that_hangs_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A call can always be left."""
    monkeypatch.setattr(receiver_module, "CLOSE_TIMEOUT_S", 0.05)
    receiver = OpusReceiver((), ignore)
    close = receiver._peer_connection.close

    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(receiver._peer_connection, "close", hang)
    await receiver.aclose()
    assert await receiver.wait_closed() == "closed"
    assert caplog.record_tuples == [
        (
            "signaling.webrtc.receiver",
            logging.WARNING,
            "A peer connection did not close in time",
        )
    ]
    await close()


def belongings() -> tuple[int, int, int]:
    """Tasks, threads and file descriptors of this process."""
    gc.collect()
    files = len(os.listdir("/proc/self/fd"))
    return len(asyncio.all_tasks()), threading.active_count(), files


async def open_and_close() -> None:
    """One publisher comes, is heard and goes."""
    publisher, received = RtpPublisher([CELT_20_MS + b"x"], camera=True), Received()
    async with connected(publisher, received):
        publisher.track.started.set()
        await received.number(1)


async def test_thirty_cycles_leave_nothing_behind() -> None:
    """No task, no thread, no file descriptor."""
    for _ in range(3):
        await open_and_close()
    before = belongings()
    for _ in range(30):
        await open_and_close()
    # Threads of the default executor may grow up to its limit; they are shared.
    tasks, threads, files = belongings()
    assert (tasks, files) == (before[0], before[2])
    assert threads == before[1]
