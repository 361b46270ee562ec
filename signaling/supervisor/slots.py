# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How many speech-to-text streams all calls of this process may hold at once."""


class StreamSlots:
    """Counts open streams against a limit; never waits."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def acquire(self) -> bool:
        """Take a slot; False if all are in use."""
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def release(self) -> None:
        """Give a slot back."""
        self.used -= 1
