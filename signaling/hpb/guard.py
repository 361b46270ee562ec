# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Keeps one wrong setting from getting our address banned by the HPB. Pure.

The HPB counts failed internal hellos per address, whatever room they are for: ten in
half an hour lock out every call, with the right secret too (`async/throttle.go`). One
guard is shared by all clients of a process:

- after a refusal nobody says hello for five minutes;
- until a hello has worked, only one client at a time may try (the trial), so that
  twenty calls starting with a wrong secret cost one failure, not twenty;
- the backend URL that worked is known to all, as each wrong guess counts as well.
"""

from signaling.errors import HpbError

PAUSE_S = 300.0
"The HPB's own memory is longer; one hello in five minutes never fills it."


class HpbGuard:
    """Who may say a full hello now. Resuming a session needs no permission."""

    def __init__(self) -> None:
        self.good_backend = ""
        "The URL under which the HPB knows this Nextcloud; empty until it was found."
        self._error: HpbError | None = None
        self._until_s = 0.0
        self._proven = False
        self._trial: object | None = None

    def blocked(self, now_s: float) -> HpbError | None:
        """Why nobody may say hello now; None if it may be tried."""
        return self._error if now_s < self._until_s else None

    def admit(self, client: object, now_s: float) -> bool:
        """Whether `client` may say hello now; takes the trial if there is need of one.

        Who was admitted calls `worked`, `refuse` or `release` in the end.
        """
        if self.blocked(now_s) is not None:
            return False
        if self._proven:
            return True
        if self._trial is None:
            self._trial = client
        return self._trial is client

    def worked(self, backend: str) -> None:
        """A hello was accepted: everybody may say theirs."""
        self.clear()
        self._proven = True
        self.good_backend = backend

    def refuse(self, error: HpbError, now_s: float) -> None:
        """The HPB has refused our credentials or throttles us."""
        self.clear()
        self._error = error
        self._until_s = now_s + PAUSE_S

    def release(self, client: object) -> None:
        """The attempt of `client` is over, whatever came of it."""
        if self._trial is client:
            self._trial = None

    def doubt(self) -> None:
        """A connection was lost; the HPB may come back with another configuration."""
        self._proven = False

    def clear(self) -> None:
        """Forget everything: the operator has changed something."""
        self.good_backend = ""
        self._error = None
        self._until_s = 0.0
        self._proven = False
        self._trial = None


process_guard = HpbGuard()
"The one of this process: calls and the self-test know of each other's refusals."
