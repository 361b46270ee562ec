"""Keeps one wrong setting from getting our address banned by the HPB. Pure.

The HPB counts failed internal hellos per address, whatever room they are for: ten in
half an hour lock out every call, with the right secret too (`async/throttle.go`).
"""

from signaling.errors import HpbError

PAUSE_S = 300.0


class HpbGuard:
    """Remembers a refusal; no hello is tried while `blocked` gives one."""

    def __init__(self) -> None:
        self._error: HpbError | None = None
        self._until_s = 0.0

    def refuse(self, error: HpbError, now_s: float) -> None:
        """The HPB has refused our credentials or throttles us."""
        self._error = error
        self._until_s = now_s + PAUSE_S

    def blocked(self, now_s: float) -> HpbError | None:
        """Why no hello may be tried now, None if one may."""
        return self._error if now_s < self._until_s else None

    def clear(self) -> None:
        """A hello worked, or the operator has changed something."""
        self._error = None
        self._until_s = 0.0
