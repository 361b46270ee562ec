# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Keeps one publisher's audio coming: asks for offers, answers, notices the end.

Everything that can happen comes in as one message through one bounded inbox, so
that the order of things is the order in which they are handled. How to ask and how
often to ask again: `docs/standalone-signaling-api-v1.md` of the HPB, "Request offer".
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from signaling.audio.packet import OpusPacket
from signaling.config import IceServer
from signaling.errors import NegotiationError
from signaling.hpb.messages import (
    Answer,
    Candidate,
    Offer,
    OutgoingMessage,
    RequestOffer,
)
from signaling.webrtc.receiver import OpusReceiver

logger = logging.getLogger(__name__)

OFFER_TIMEOUT_S = 12.0
"The HPB itself gives up on a publisher that is not there after 10 s."
CONNECT_TIMEOUT_S = 15.0
RETRY_S = (1.0, 3.0, 10.0, 30.0)
"Pauses between attempts; the last one repeats while the publisher has audio."
NO_RTP_S = 3.0
"Without a packet: a publisher that connects anew ends our connection in silence."
INBOX_MESSAGES = 64
ICE_SERVERS_TIMEOUT_S = 3.0


class SubscriptionState(Enum):
    """Where the way from offer to audio stands."""

    PAUSED = "paused"
    ASKED = "asked"
    ANSWERED = "answered"
    CONNECTED = "connected"


@dataclass(frozen=True, slots=True)
class Failed:
    """The HPB could not fulfil our request for an offer, or take our answer."""

    code: str
    offer_sid: str = ""
    "Of the offer that was answered."


@dataclass(frozen=True, slots=True)
class Renewed:
    """The HPB has forgotten us; all its peer connections are gone."""


@dataclass(frozen=True, slots=True)
class _Connected:
    offer_sid: str


@dataclass(frozen=True, slots=True)
class _Closed:
    offer_sid: str
    why: str


Message = Offer | Candidate | Failed | Renewed | _Connected | _Closed


class Subscription:
    """One publisher's audio, over as many peer connections as it takes."""

    def __init__(
        self,
        session_id: str,
        send: Callable[[OutgoingMessage], None],
        ice_servers: Callable[[], Awaitable[Sequence[IceServer]]],
        on_packet: Callable[[OpusPacket], None],
        on_state: Callable[[SubscriptionState, str], None],
    ) -> None:
        self._session_id = session_id
        self._send = send
        self._ice_servers = ice_servers
        self._on_packet = on_packet
        self._last_packet_s = 0.0
        self._on_state = on_state
        # A little more than outsiders may fill: our own reports always fit.
        self._inbox: asyncio.Queue[Message] = asyncio.Queue(INBOX_MESSAGES + 8)
        self._state = SubscriptionState.PAUSED
        self._deadline_s: float | None = None
        self._attempts = 0
        self._offer_sid = ""
        self._receiver: OpusReceiver | None = None
        self._watch: asyncio.Task[None] | None = None
        self._early: list[Candidate] = []
        self.connections = 0
        "Peer connections that came up; all but the first are reconnects."
        self.dropped_messages = 0
        self.silences = 0
        "Connections given up because no packet came."

    def put(self, message: Message) -> None:
        """Take a message from the HPB; the newest is dropped, counted, if full."""
        if self._inbox.qsize() < INBOX_MESSAGES:
            self._inbox.put_nowait(message)
        else:
            self.dropped_messages += 1

    async def run(self) -> None:
        """Keep the audio coming until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            try:
                self._ask()
                while True:
                    await self._step(tasks)
            finally:
                await self._drop_receiver()

    async def _step(self, tasks: asyncio.TaskGroup) -> None:
        """Handle one message, or the deadline if none comes before."""
        try:
            async with asyncio.timeout_at(self._deadline_s):
                message = await self._inbox.get()
        except TimeoutError:
            await self._on_deadline()
            return
        match message:
            case Offer():
                await self._on_offer(message, tasks)
            case Candidate():
                await self._on_candidate(message)
            case Failed(code, ""):
                if self._state is SubscriptionState.ASKED:
                    self._pause(f"no offer: {code}")
            case Failed(code, offer_sid) if offer_sid == self._offer_sid:
                if self._state is SubscriptionState.ANSWERED:
                    await self._drop_receiver()
                    self._pause(f"the answer was not taken: {code}")
            case Renewed():
                await self._drop_receiver()
                self._attempts = 0
                self._ask()
            case _Connected(offer_sid) if offer_sid == self._offer_sid:
                self.connections += 1
                self._last_packet_s = time.monotonic()
                self._enter(SubscriptionState.CONNECTED, NO_RTP_S)
            case _Closed(offer_sid, why) if offer_sid == self._offer_sid:
                await self._drop_receiver()
                self._pause(why)

    async def _on_deadline(self) -> None:
        if self._state is SubscriptionState.PAUSED:
            self._ask()
        elif self._state is SubscriptionState.ASKED:
            self._pause("no offer came")
        elif self._state is SubscriptionState.CONNECTED:
            await self._check_packets()
        else:
            await self._drop_receiver()
            self._pause("the peer connection did not come up")

    async def _check_packets(self) -> None:
        """Give the connection up if nothing has come over it for `NO_RTP_S`.

        Somebody who is muted may send nothing at all: attempts get rarer until a
        packet comes.
        """
        quiet_s = time.monotonic() - self._last_packet_s
        if quiet_s < NO_RTP_S:
            self._set_deadline(NO_RTP_S - quiet_s)
            return
        self.silences += 1
        await self._drop_receiver()
        self._pause(f"no packet for {quiet_s:.0f} s")

    def _take(self, packet: OpusPacket) -> None:
        """Called per packet."""
        self._last_packet_s = packet.arrived_s
        self._attempts = 0
        self._on_packet(packet)

    async def _on_offer(self, offer: Offer, tasks: asyncio.TaskGroup) -> None:
        """Answer; the same `sid` renegotiates, another replaces the connection."""
        if self._receiver is None or offer.offer_sid != self._offer_sid:
            await self._drop_receiver()
            self._offer_sid = offer.offer_sid
            self._receiver = OpusReceiver(await self._servers(), self._take)
            self._watch = tasks.create_task(
                self._report(self._receiver, offer.offer_sid)
            )
            self._enter(SubscriptionState.ANSWERED, CONNECT_TIMEOUT_S)
        try:
            answer = await self._receiver.answer(offer.sdp)
        except NegotiationError as error:
            await self._drop_receiver()
            self._pause(str(error))
            return
        self._send(Answer(self._session_id, offer.offer_sid, answer))
        early, self._early = self._early, []
        for candidate in early:
            await self._on_candidate(candidate)

    async def _on_candidate(self, candidate: Candidate) -> None:
        """Add a candidate; it may have overtaken its offer."""
        if self._receiver is not None and candidate.offer_sid == self._offer_sid:
            await self._receiver.add_candidate(
                candidate.candidate, candidate.sdp_mid, candidate.sdp_mline_index
            )
        elif len(self._early) < INBOX_MESSAGES:
            self._early.append(candidate)

    async def _servers(self) -> Sequence[IceServer]:
        """STUN and TURN servers; none if Nextcloud does not answer in time."""
        try:
            async with asyncio.timeout(ICE_SERVERS_TIMEOUT_S):
                return await self._ice_servers()
        except TimeoutError:
            logger.warning("Nextcloud's STUN and TURN settings are late; going without")
            return ()

    async def _report(self, receiver: OpusReceiver, offer_sid: str) -> None:
        """Turn what happens to a peer connection into messages."""

        async def connected() -> None:
            await receiver.connected.wait()
            await self._inbox.put(_Connected(offer_sid))

        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(connected())
            why = await receiver.wait_closed()
            waiting.cancel()
        await self._inbox.put(_Closed(offer_sid, why))

    def _ask(self) -> None:
        self._early.clear()
        self._send(RequestOffer(self._session_id))
        self._enter(SubscriptionState.ASKED, OFFER_TIMEOUT_S)

    def _pause(self, why: str) -> None:
        delay_s = RETRY_S[min(self._attempts, len(RETRY_S) - 1)]
        self._attempts += 1
        logger.info("No audio from this speaker (%s); again in %.0f s", why, delay_s)
        self._enter(SubscriptionState.PAUSED, delay_s, why)

    def _enter(
        self, state: SubscriptionState, timeout_s: float | None, why: str = ""
    ) -> None:
        self._set_deadline(timeout_s)
        self._state = state
        self._on_state(state, why)

    def _set_deadline(self, timeout_s: float | None) -> None:
        now_s = asyncio.get_running_loop().time()
        self._deadline_s = None if timeout_s is None else now_s + timeout_s

    async def _drop_receiver(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._receiver is not None:
            receiver, self._receiver = self._receiver, None
            await receiver.aclose()
