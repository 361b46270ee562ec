# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How many speakers this process listens to at once, over all calls. Pure."""


class SpeakerSeats:
    """Seats against a limit; 0 is no limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0

    def take(self) -> bool:
        """Take a seat; False if all are taken."""
        if self.limit and self.taken >= self.limit:
            return False
        self.taken += 1
        return True

    def take_over(self) -> None:
        """Sit where somebody gets up who gives the seat back a little later."""
        self.taken += 1

    def give_back(self) -> None:
        """A speaker has left."""
        self.taken -= 1
