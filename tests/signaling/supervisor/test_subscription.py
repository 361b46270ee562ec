# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One publisher's audio, whatever becomes of offers and connections; real WebRTC."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from signaling.audio.packet import OpusPacket
from signaling.config import IceServer
from signaling.hpb.messages import (
    Answer,
    Candidate,
    Offer,
    OutgoingMessage,
    RequestOffer,
)
from signaling.supervisor import subscription
from signaling.supervisor.subscription import (
    Failed,
    Renewed,
    Subscription,
    SubscriptionState,
)
from tests.signaling.webrtc.publisher import RtpPublisher

SESSION = "S1"
QUICK_S = 0.2
PACKET = b"\xf8\xff\xfe"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, in less time."""
    monkeypatch.setattr(subscription, "OFFER_TIMEOUT_S", 3 * QUICK_S)
    monkeypatch.setattr(subscription, "CONNECT_TIMEOUT_S", 10 * QUICK_S)
    monkeypatch.setattr(subscription, "RETRY_S", (QUICK_S, 2 * QUICK_S))
    monkeypatch.setattr(subscription, "NO_RTP_S", 3 * QUICK_S)


@dataclass
class Case:
    """A subscription, and what it has said and heard."""

    subject: Subscription
    sent: list[OutgoingMessage] = field(default_factory=list)
    packets: list[OpusPacket] = field(default_factory=list)
    states: list[tuple[SubscriptionState, str]] = field(default_factory=list)

    def count(self, kind: type[OutgoingMessage]) -> int:
        """Messages of a kind so far."""
        return sum(isinstance(message, kind) for message in self.sent)

    async def until(self, holds: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(timeout_s):
            while not holds():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def connect(self, publisher: RtpPublisher, sid: str) -> None:
        """Offer, answer, connection."""
        before, came = self.count(Answer), self.subject.connections
        self.subject.put(Offer(SESSION, sid, await publisher.offer()))
        await self.until(lambda: self.count(Answer) > before)
        answer = self.sent[-1]
        assert isinstance(answer, Answer)
        assert (answer.session_id, answer.offer_sid) == (SESSION, sid)
        await publisher.take_answer(answer.sdp)
        await self.until(lambda: self.subject.connections > came)


async def no_servers() -> Sequence[IceServer]:
    """Loopback needs none."""
    return ()


@asynccontextmanager
async def subscribed() -> AsyncIterator[Case]:
    """A subscription that runs."""
    sent: list[OutgoingMessage] = []
    packets: list[OpusPacket] = []
    states: list[tuple[SubscriptionState, str]] = []
    subject = Subscription(
        SESSION,
        sent.append,
        no_servers,
        packets.append,
        lambda state, why: states.append((state, why)),
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(subject.run())
        await asyncio.sleep(0)
        yield Case(subject, sent, packets, states)
        running.cancel()


@asynccontextmanager
async def publishing() -> AsyncIterator[RtpPublisher]:
    """Somebody who publishes."""
    publisher = RtpPublisher()
    try:
        yield publisher
    finally:
        await publisher.close()


async def test_an_offer_is_asked_for_answered_and_heard() -> None:
    """The ordinary course of things."""
    async with publishing() as publisher, subscribed() as case:
        assert case.sent == [RequestOffer(SESSION)]
        await case.connect(publisher, "A")
        await publisher.send_rtp(PACKET, level=(True, -20))
        await case.until(lambda: bool(case.packets))
        assert case.packets[0].payload == PACKET
        assert [state for state, _ in case.states] == [
            SubscriptionState.ASKED,
            SubscriptionState.ANSWERED,
            SubscriptionState.CONNECTED,
        ]


async def test_a_lost_offer_is_asked_for_again() -> None:
    """After a while, and then after a longer one."""
    async with subscribed() as case:
        await case.until(lambda: case.count(RequestOffer) == 3)
        assert (SubscriptionState.PAUSED, "no offer came") in case.states


async def test_a_refused_request_is_made_again_after_a_pause() -> None:
    """The HPB says that the publisher is not there yet."""
    async with subscribed() as case:
        case.subject.put(Failed("client_not_found"))
        await case.until(lambda: case.count(RequestOffer) == 2)
        assert (SubscriptionState.PAUSED, "no offer: client_not_found") in case.states


async def test_an_answer_that_is_not_taken_is_given_up_at_once() -> None:
    """One to an offer of before is nobody's business."""
    async with publishing() as publisher, subscribed() as case:
        case.subject.put(Offer(SESSION, "A", await publisher.offer()))
        await case.until(lambda: case.count(Answer) == 1)
        case.subject.put(Failed("client_not_found", "Z"))
        case.subject.put(Failed("client_not_found", "A"))
        why = "the answer was not taken: client_not_found"
        await case.until(lambda: (SubscriptionState.PAUSED, why) in case.states)
        await case.until(lambda: case.count(RequestOffer) == 2)
        assert sum(state is SubscriptionState.PAUSED for state, _ in case.states) == 1


async def test_another_offer_replaces_the_connection() -> None:
    """A publisher that has begun anew: the old connection is closed."""
    async with publishing() as first, publishing() as second, subscribed() as case:
        await case.connect(first, "A")
        await case.connect(second, "B")
        await second.send_rtp(PACKET, sequence=7)
        await case.until(lambda: bool(case.packets))
        assert case.packets[-1].sequence == 7
        assert case.subject.connections == 2


async def test_without_packets_audio_is_asked_for_again() -> None:
    """The HPB says nothing when a publisher's connection is made anew."""
    async with publishing() as publisher, subscribed() as case:
        await case.connect(publisher, "A")
        await case.until(lambda: case.count(RequestOffer) == 2)
        assert case.subject.silences == 1
        why = [why for state, why in case.states if state is SubscriptionState.PAUSED]
        assert why[0].startswith("no packet for")


async def test_packets_keep_the_connection() -> None:
    """However few there are."""
    async with publishing() as publisher, subscribed() as case:
        await case.connect(publisher, "A")
        for number in range(10):
            await publisher.send_rtp(PACKET, sequence=number)
            await asyncio.sleep(QUICK_S)
        assert case.count(RequestOffer) == 1


async def test_the_end_of_the_connection_is_noticed() -> None:
    """Closed by the other side: asked for again, with the reason."""
    async with subscribed() as case:
        async with publishing() as publisher:
            await case.connect(publisher, "A")
        await case.until(lambda: case.count(RequestOffer) == 2)
        assert (SubscriptionState.PAUSED, "closed by the media server") in case.states


async def test_a_new_session_at_the_hpb_asks_at_once() -> None:
    """It has forgotten our connections; there is nothing to wait for."""
    async with publishing() as publisher, subscribed() as case:
        await case.connect(publisher, "A")
        case.subject.put(Renewed())
        await case.until(lambda: case.count(RequestOffer) == 2, QUICK_S)


async def test_an_impossible_offer_is_paused_over() -> None:
    """Garbage from a peer costs nobody anything."""
    async with subscribed() as case:
        case.subject.put(Offer(SESSION, "A", "v=0\r\nrubbish"))
        await case.until(lambda: case.count(RequestOffer) == 2)
        assert any("cannot be answered" in why for _, why in case.states)


async def test_candidates_of_unknown_offers_do_no_harm() -> None:
    """They may overtake their offer, and belong to none that is known."""
    async with publishing() as publisher, subscribed() as case:
        for number in range(200):
            line = f"candidate:1 1 udp 1 127.0.0.1 {number + 1} typ host"
            case.subject.put(Candidate(SESSION, "Z", line, "0", 0))
        await asyncio.sleep(0.1)
        await case.connect(publisher, "A")
        assert case.subject.dropped_messages > 0
