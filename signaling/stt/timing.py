# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""How long a stream waits for what. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamTiming:
    """Seconds, all of them; tests pass short ones."""

    ready_s: float = 10.0
    "After the handshake, for a server that says when it takes audio."
    send_s: float = 5.0
    "A message that is not taken for so long: the server has stopped reading."
    capacity_s: float = 5.0
    "A connection closed within this time, without a word, had no free channel."
    healthy_s: float = 30.0
    "A connection that worked this long proves that the peer is well."
    silence_s: float = 1.5
    "Sent before a renewal: the model's delay and one second more."
    last_words_s: float = 2.0
    marker_s: float = 3.0
    after_marker_s: float = 0.1
    "Other clients' audio can bring a marker back slightly early."
    close_s: float = 2.0
    ping_s: float = 20.0
    finish_connect_s: float = 2.0
    "How long `finish` waits for a connection that is still being made."
    finish_s: float = 4.5
    "All that `finish` may take; then the connection is cut."
