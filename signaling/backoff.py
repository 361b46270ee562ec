# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Pauses between attempts: growing, bounded, spread at random, endless."""

from collections.abc import Callable, Iterator


def delays(
    first_s: float,
    factor: float,
    limit_s: float,
    jitter: float,
    random: Callable[[], float],
) -> Iterator[float]:
    """Yield seconds to wait before the next attempt, for ever.

    Each pause is `factor` times the one before, `limit_s` at most, and lengthened by
    up to the share `jitter` of it, so that many clients of one broken peer do not come
    back at the same moment. `random` gives numbers from 0 to 1.
    """
    pause_s = min(first_s, limit_s)
    while True:
        yield pause_s * (1.0 + jitter * random())
        pause_s = min(pause_s * factor, limit_s)
