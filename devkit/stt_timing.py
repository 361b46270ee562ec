# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the services do by the clock: pings and giving up. Times come in as arguments."""

from dataclasses import dataclass

from devkit.stt_record import Limits

NEVER = float("inf")


class EndOfSessionError(Exception):
    """The service ends the session."""

    def __init__(self, why: str, code: int | None = 1000) -> None:
        super().__init__(why)
        self.why = why
        self.code = code
        # None: the TCP connection just goes away


@dataclass(frozen=True, slots=True)
class Habits:
    """How long a service waits; NEVER where it does not care. Seconds."""

    idle_s: float = NEVER
    # without a message: closes with 1000
    ping_every_s: float = NEVER
    # a JSON message, whatever else is sent
    ping_after_s: float = NEVER
    # a WebSocket ping, after so long without output
    unheard_s: float = NEVER
    # without a message or a pong: goes away
    no_audio_s: float = NEVER
    # without a binary message: goes away

    @classmethod
    def of(cls, wire: str, limits: Limits) -> "Habits":
        """The habits of the service behind a wire."""
        match wire:
            case "moshi":
                return cls(
                    ping_after_s=limits.ping_s,
                    unheard_s=limits.moshi_unheard_s,
                    no_audio_s=limits.moshi_no_audio_s,
                )
            case "modal-pcm":
                return cls(idle_s=limits.pcm_idle_s)
            case _:
                return cls(idle_s=limits.subword_idle_s, ping_every_s=limits.ping_s)


class Timekeeper:
    """Knows when the service acts by itself. All times are of one monotonic clock."""

    def __init__(self, habits: Habits, now_s: float) -> None:
        self._habits = habits
        self._opened_s = now_s
        self._message_s = self._heard_s = self._audio_s = now_s
        self._said_s = self._pinged_s = now_s

    def message(self, is_binary: bool, now_s: float) -> None:
        """The client sent something."""
        self._message_s = self._heard_s = now_s
        if is_binary:
            self._audio_s = now_s

    def pong(self, now_s: float) -> None:
        """The client answered a ping: it is alive, if silent."""
        self._heard_s = now_s

    def said(self, now_s: float) -> None:
        """The service sent something."""
        self._said_s = now_s

    def next_s(self, session_limit_s: float | None) -> float:
        """When to call `check` next, NEVER if the client alone decides."""
        return min(
            self._message_s + self._habits.idle_s,
            self._heard_s + self._habits.unheard_s,
            self._audio_s + self._habits.no_audio_s,
            self._ping_s(),
            self._limit_s(session_limit_s),
        )

    def check(self, session_limit_s: float | None, now_s: float) -> bool:
        """True if a ping is due; raises EndOfSessionError if the time is up."""
        if now_s >= self._limit_s(session_limit_s):
            raise EndOfSessionError("session limit", code=None)
        if now_s >= self._heard_s + self._habits.unheard_s:
            raise EndOfSessionError("unheard", code=None)
        if now_s >= self._audio_s + self._habits.no_audio_s:
            raise EndOfSessionError("no audio", code=None)
        if now_s >= self._message_s + self._habits.idle_s:
            raise EndOfSessionError("idle")
        if now_s < self._ping_s():
            return False
        self._pinged_s = self._said_s = now_s
        return True

    def _ping_s(self) -> float:
        after_silence_s = max(self._said_s, self._pinged_s) + self._habits.ping_after_s
        return min(self._pinged_s + self._habits.ping_every_s, after_silence_s)

    def _limit_s(self, session_limit_s: float | None) -> float:
        return self._opened_s + (NEVER if session_limit_s is None else session_limit_s)
