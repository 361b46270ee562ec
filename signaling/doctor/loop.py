# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Silence published at the HPB and received again, on the way a call's audio takes.

Two internal clients, in no room: nobody sees them, and Nextcloud is not asked. The HPB
lets internal clients publish, as phone bridges do, and hear everybody
(`server/hub.go`, `processMcuMessage`).
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from signaling.config import HpbConfig, IceServer
from signaling.doctor import hpbsession
from signaling.errors import NegotiationError
from signaling.hpb.messages import (
    Answer,
    Candidate,
    ErrorReply,
    Offer,
    RequestOffer,
    parse,
    serialise,
)
from signaling.webrtc.receiver import OpusReceiver
from signaling.webrtc.sender import SilenceSender

PACKETS = 25
"Half a second of audio is enough to believe in more."


@dataclass(frozen=True, slots=True)
class Loop:
    """How it went."""

    connected_s: float
    "From our first message to the first packet that came back."
    packets: int


class LoopError(Exception):
    """Nothing came back; the text says how far it got."""


async def loop(
    config: HpbConfig,
    backend: str,
    ice_servers: Sequence[IceServer],
    timeout_s: float,
) -> Loop:
    """Publish and receive; raises `LoopError` and `HpbUnavailableError`."""
    async with (
        hpbsession.session(config, backend, timeout_s) as (publishing, publisher),
        hpbsession.session(config, backend, timeout_s) as (receiving, _),
    ):
        attempt = _Attempt(publishing, receiving, publisher, ice_servers)
        try:
            async with asyncio.timeout(timeout_s):
                return await attempt.run()
        except TimeoutError:
            raise LoopError(attempt.how_far()) from None
        finally:
            await attempt.aclose()


class _Attempt:
    """Both ends of one loop."""

    def __init__(
        self,
        publishing: ClientConnection,
        receiving: ClientConnection,
        publisher: str,
        ice_servers: Sequence[IceServer],
    ) -> None:
        self._publishing = publishing
        self._receiving = receiving
        self._publisher = publisher
        self._sender = SilenceSender(ice_servers)
        self._receiver = OpusReceiver(ice_servers, lambda packet: self._take())
        self._began_s = 0.0
        self._first_s = 0.0
        self._packets = 0
        self._enough = asyncio.Event()

    async def run(self) -> Loop:
        """Until enough packets have come, or something has failed for good."""
        self._began_s = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            jobs = [
                tasks.create_task(job)
                for job in (
                    self._publish(),
                    self._receive(),
                    self._sender.wait_closed(),
                    self._receiver.wait_closed(),
                )
            ]
            enough = tasks.create_task(self._wait())
            done, _ = await asyncio.wait(
                [*jobs, enough], return_when=asyncio.FIRST_COMPLETED
            )
            for job in (*jobs, enough):
                job.cancel()
        for job in done:
            why = job.result()
            if why:
                raise LoopError(why)
        return Loop(self._first_s - self._began_s, self._packets)

    async def aclose(self) -> None:
        """Close both connections."""
        await self._receiver.aclose()
        await self._sender.aclose()

    def how_far(self) -> str:
        """What was still missing."""
        if not self._sender.connected.is_set():
            return "audio does not get to the media server: no UDP way to it"
        if not self._receiver.connected.is_set():
            return "audio does not come back from the media server"
        return f"only {self._packets} packets came back"

    def _take(self) -> None:
        self._first_s = self._first_s or time.monotonic()
        self._packets += 1
        if self._packets >= PACKETS:
            self._enough.set()

    async def _wait(self) -> str:
        await self._enough.wait()
        return ""

    async def _publish(self) -> str:
        """Offer our audio; returns why it is not taken."""
        sdp = await self._sender.offer()
        await self._publishing.send(_offer(self._publisher, sdp))
        try:
            async for text in self._publishing:
                kind, payload = _own_media(str(text))
                if kind == "answer":
                    await self._sender.accept(str(payload.get("sdp", "")))
                elif kind == "candidate":
                    line = payload.get("candidate", {}).get("candidate", "")
                    await self._sender.add_candidate(str(line))
                elif kind == "error":
                    code = str(payload.get("code", ""))[:40]
                    return f"the HPB does not let us publish ({code})"
        except (ValueError, AttributeError, TypeError) as error:
            return f"the HPB's answer is malformed ({type(error).__name__})"
        except ConnectionClosed:
            pass
        return "the HPB closed the connection"

    async def _receive(self) -> str:
        """Ask for it and answer; returns why it does not come."""
        await self._receiving.send(serialise(RequestOffer(self._publisher), "request"))
        try:
            async for text in self._receiving:
                match parse(str(text)):
                    case Offer(_, sid, sdp):
                        answer = Answer(
                            self._publisher, sid, await self._receiver.answer(sdp)
                        )
                        await self._receiving.send(serialise(answer, "answer"))
                    case Candidate() as candidate:
                        await self._receiver.add_candidate(
                            candidate.candidate,
                            candidate.sdp_mid,
                            candidate.sdp_mline_index,
                        )
                    case ErrorReply(code=code):
                        return f"the HPB does not let us receive ({code})"
        except NegotiationError as error:
            return str(error)
        except ConnectionClosed:
            pass
        return "the HPB closed the connection"


def _offer(session_id: str, sdp: str) -> str:
    """What a browser sends to publish: a message to its own session."""
    data = {
        "to": session_id,
        "type": "offer",
        "roomType": "video",
        "sid": "self-test",
        "payload": {"type": "offer", "sdp": sdp},
    }
    recipient = {"type": "session", "sessionid": session_id}
    message = {"recipient": recipient, "data": data}
    return json.dumps({"id": "offer", "type": "message", "message": message})


def _own_media(text: str) -> tuple[str, dict[str, Any]]:
    """Kind and content of what concerns a publisher; raises for what is malformed."""
    body = json.loads(text)
    if body["type"] == "error":
        return "error", dict(body["error"])
    if body["type"] != "message":
        return "", {}
    data = body["message"]["data"]
    return str(data.get("type", "")), dict(data.get("payload") or {})
