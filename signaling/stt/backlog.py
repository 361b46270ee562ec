# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Frames that wait for a connection: bounded, oldest dropped, paced. Pure."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Generic, TypeVar

from signaling.stt.reasons import Drop

FRAME_S = 0.08
MAX_BACKLOG_S = 15.0
"A cold container takes longer than this; older speech is of no use as a caption."
KEPT_FRAMES = 2
"Before a word: it comes 0.5 s after it began, so these may belong to the next one."
LEAD_FRAMES = 3
"Of silence before speech that is sent again."
CATCH_UP = 2.0
"Backlog is sent at so many times real time; a service manages about three."

F = TypeVar("F")


class Backlog(Generic[F]):
    """Queue of 80 ms frames between the audio path and the socket."""

    def __init__(self, max_s: float = MAX_BACKLOG_S) -> None:
        self._frames: deque[F] = deque()
        self._on_its_way: list[F] = []
        "The frame that a connection took and has not sent yet; one at most."
        self._max_frames = max(1, round(max_s / FRAME_S))
        self._unanswered: deque[F] = deque(maxlen=self._max_frames)
        "Sent since the last word; goes again if the connection breaks."
        self._is_taken = False
        self._next_s = 0.0
        self.drops: Counter[Drop] = Counter()

    def __len__(self) -> int:
        """Frames that wait."""
        return len(self._frames)

    @property
    def dropped(self) -> int:
        """Frames dropped for whatever reason."""
        return self.drops.total()

    def put(self, frame: F) -> bool:
        """Append a frame; False if the oldest had to go for it, which is counted."""
        self._frames.append(frame)
        return not self._drop_oldest()

    def restart(self, now_s: float) -> None:
        """A new connection takes over: what was never sent goes out from now on.

        A frame that the connection before took and could not send comes first again.
        """
        self._return_unsent()
        self._unanswered.clear()
        self._is_taken = True
        self._next_s = now_s

    def release(self) -> None:
        """The connection takes no more; what it was sent is its own affair."""
        self._return_unsent()
        self._unanswered.clear()
        self._is_taken = False

    def answered(self) -> None:
        """A word came: what was sent before it is recognised, but for the very last."""
        while len(self._unanswered) > KEPT_FRAMES:
            self._unanswered.popleft()

    def replay(self, is_speech: Callable[[F], bool]) -> int:
        """The connection broke, or is mute: what no word came for goes out again.

        Silence in front of the first speech is left out. Returns how many frames.
        """
        self._return_unsent()
        sent = list(self._unanswered)
        spoken = next(
            (n for n, frame in enumerate(sent) if is_speech(frame)), len(sent)
        )
        again = sent[max(0, spoken - LEAD_FRAMES) :] if spoken < len(sent) else []
        self._frames.extendleft(reversed(again))
        self.release()
        self._drop_oldest()
        return len(again)

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next frame may be sent; 0 if it may go now."""
        return max(0.0, self._next_s - now_s)

    def take(self, now_s: float, *, hurry: bool = False) -> F:
        """The oldest frame; without `hurry` the next one has to keep the pace.

        Live frames come every 80 ms and are never held up by a pace of half of that.
        """
        if not hurry:
            self._next_s = max(self._next_s, now_s - FRAME_S) + FRAME_S / CATCH_UP
        frame = self._frames.popleft()
        self._on_its_way.append(frame)
        return frame

    def sent(self) -> None:
        """The frame taken last is with the peer; it goes out again by `replay` only."""
        self._unanswered.extend(self._on_its_way)
        self._on_its_way.clear()

    def abandon(self) -> None:
        """Nobody will take anything any more: what is left counts as dropped."""
        self._return_unsent()
        if self._frames:
            self.drops[Drop.ENDED] += len(self._frames)
        self._frames.clear()

    def _return_unsent(self) -> None:
        self._frames.extendleft(self._on_its_way)
        self._on_its_way.clear()

    def _drop_oldest(self) -> bool:
        """Keep the bound; whether something had to go."""
        surplus = len(self._frames) - self._max_frames
        for _ in range(surplus):
            self._frames.popleft()
            self.drops[Drop.SLOW_SERVER if self._is_taken else Drop.NO_CONNECTION] += 1
        return surplus > 0
