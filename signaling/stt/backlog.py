"""Frames that wait for a connection: bounded, oldest dropped, paced. Pure."""

from collections import deque
from typing import Generic, TypeVar

FRAME_S = 0.08
MAX_BACKLOG_S = 15.0
"A cold container takes longer than this; older speech is of no use as a caption."
CATCH_UP = 2.0
"Backlog is sent at so many times real time; a service manages about three."

F = TypeVar("F")


class Backlog(Generic[F]):
    """Queue of 80 ms frames between the audio path and the socket."""

    def __init__(self, max_s: float = MAX_BACKLOG_S) -> None:
        self._frames: deque[F] = deque()
        self._max_frames = max(1, round(max_s / FRAME_S))
        self._next_s = 0.0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: F) -> None:
        """Append a frame; beyond the bound the oldest is dropped and counted."""
        if len(self._frames) >= self._max_frames:
            self._frames.popleft()
            self.dropped += 1
        self._frames.append(frame)

    def restart_pace(self, now_s: float) -> None:
        """A connection is open: what has waited goes out from now on."""
        self._next_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next frame may be sent; 0 if it may go now."""
        return max(0.0, self._next_s - now_s)

    def get(self, now_s: float, *, hurry: bool = False) -> F:
        """The oldest frame; without `hurry` the next one has to keep the pace.

        Live frames come every 80 ms and are never held up by a pace of half of that.
        """
        if not hurry:
            self._next_s = max(self._next_s, now_s - FRAME_S) + FRAME_S / CATCH_UP
        return self._frames.popleft()
