# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""One speaker of a call: from the publisher's offer to captions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from calls.services import SpeakerCounters
from livetranscription import logs
from signaling.config import IceServer
from signaling.hpb.messages import OutgoingMessage
from signaling.supervisor.slots import StreamSlots
from signaling.supervisor.subscription import (
    Message,
    Subscription,
    SubscriptionState,
)
from signaling.supervisor.totals import Reasons
from signaling.supervisor.transcription import AudioPath, Transcription

NEGOTIATING = "negotiating"
"No audio yet, or no more."
SILENT = "silent"
"Heard, but nothing is said: no stream is open."
FAILED = "failed"
ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SpeakerPorts:
    """What a speaker needs from its call."""

    send: Callable[[OutgoingMessage], None]
    "To the HPB; never blocks."
    ice_servers: Callable[[], Awaitable[Sequence[IceServer]]]
    on_text: Callable[[str, str, float], None]
    "Session id of the speaker, a chunk of whole words, when its first word came."
    on_state: Callable[[str, str, str], None]
    "Session id of the speaker, new state, reason."


class SpeakerPipeline:
    """Subscription and transcription of one publisher."""

    def __init__(
        self, session_id: str, path: AudioPath, slots: StreamSlots, ports: SpeakerPorts
    ) -> None:
        self.session_id = session_id
        self.state = NEGOTIATING
        self.is_replaced = False
        "Another one goes on for the same speaker: its end is nobody's leaving."
        self.deaf = asyncio.Event()
        "Set when no audio comes any more; the last words may still be on their way."
        self.told = SpeakerCounters()
        "The counters as the rows have them."
        self.told_reasons = Reasons()
        self.told_audio_reconnects = 0
        "The same as the metrics have them."
        self._is_connected = False
        self._heard = SILENT
        self._ports = ports
        self._stopping = asyncio.Event()
        self._transcription = Transcription(
            path, slots, self._on_text, self._on_stream_state
        )
        self._subscription = Subscription(
            session_id,
            ports.send,
            ports.ice_servers,
            self._transcription.take,
            self._on_subscription_state,
        )

    @property
    def counters(self) -> SpeakerCounters:
        """A snapshot of what happened so far."""
        counters = self._transcription.counters
        reconnects = counters.reconnects + self.audio_reconnects
        return replace(counters, reconnects=reconnects)

    @property
    def reasons(self) -> Reasons:
        """Why audio was dropped, and connections failed or were renewed."""
        return self._transcription.reasons

    @property
    def audio_reconnects(self) -> int:
        """Peer connections for this speaker after the first."""
        return max(0, self._subscription.connections - 1)

    def level_dbov(self, now_s: float) -> int:
        """How loud it is, 0 (loudest) to -127."""
        return self._transcription.level_dbov(now_s)

    def is_speaking(self, now_s: float) -> bool:
        """Whether speech was heard just now."""
        return self._transcription.is_speaking(now_s)

    def put(self, message: Message) -> None:
        """Hand over what the HPB says about this publisher."""
        self._subscription.put(message)

    def stop(self) -> None:
        """The publisher is gone or the call ends: `run` flushes and returns."""
        self._stopping.set()

    async def run(self) -> None:
        """Caption this speaker until `stop`, then bring out the last words."""
        logs.session_id.set(self.session_id)
        async with asyncio.TaskGroup() as tasks:
            subscription = tasks.create_task(self._subscription.run())
            subscription.add_done_callback(lambda _: self.deaf.set())
            tasks.create_task(self._transcription.run())
            await self._stopping.wait()
            subscription.cancel()
            await self._transcription.finish()
        if self.state != FAILED:
            self.state = ENDED

    def _on_text(self, text: str, started_s: float) -> None:
        self._ports.on_text(self.session_id, text, started_s)

    def _on_subscription_state(self, state: SubscriptionState, why: str) -> None:
        self._is_connected = state is SubscriptionState.CONNECTED
        if self._is_connected:
            self._enter(self._heard, why)
        elif self.state != NEGOTIATING:
            self._enter(NEGOTIATING, why)

    def _on_stream_state(self, state: str, why: str) -> None:
        """What comes of the audio; told when there is some again."""
        self._heard = state
        if self._is_connected:
            self._enter(state, why)

    def _enter(self, state: str, why: str) -> None:
        self.state = state
        self._ports.on_state(self.session_id, state, why)
