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
    connection_s: float | None = None
    "Age at which a connection takes no more audio; None: as the wire says."
    renew_ahead_s: float = 60.0
    "So long before that age a pause in speech is looked for, to renew it in."
    renew_jitter: float = 1.0
    "Share by which that time is lengthened at random."
    pause_s: float = 0.3
    "Without speech for so long: the speaker pauses."
    wordless_s: float = 2.0
    "Without a word for so long: the speaker probably pauses, whatever is heard."
    unbroken_s: float = 10.0
    "Speech without a break for so long: an open microphone, all of which counts."
    warm_s: float = 0.5
    "A new connection that stays so long with silence has a free channel."
    keep_warm_s: float = 2.0
    "From then on it gets a frame of silence in this time, until it is needed."
    drain_s: float = 4.0
    "All that the last words of a renewed connection may take."
    freeze_s: float = 6.0
    "Speech without a word, after which the connection is renewed."
    longest_freeze_s: float = 300.0
    "The same, if renewing it again and again brought no word."
    stall_s: float = 5.0
    "Audio that waits although it could have been taken: the server is too slow."
    longest_stall_s: float = 30.0
    server_holds_s: float = 2.0
    "Audio that waits in the server, beyond which it gets no more for the moment."
