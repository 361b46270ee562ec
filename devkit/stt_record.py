# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What a test tells the simulated speech-to-text server, and what it tells a test."""

from dataclasses import dataclass, field

import numpy as np

from devkit.engine import RecognisedWord, Samples


@dataclass(frozen=True, slots=True)
class Credentials:
    """What clients must bring; well-known values, no secrets."""

    modal_key: str = "test-key"
    modal_secret: str = "test-secret"
    api_key: str = "public_token"


@dataclass(frozen=True, slots=True)
class Limits:
    """When the services end a session by themselves; tests shorten them."""

    pcm_idle_s: float = 30.0
    subword_idle_s: float = 10.0
    # the two services that send sub-word tokens
    ping_s: float = 10.0
    # JSON ping of those two; WebSocket ping of moshi-server after so long a silence
    moshi_unheard_s: float = 20.0
    # without any message or pong
    moshi_no_audio_s: float = 120.0
    # without a binary message
    ogg_buffer_bytes: int = 1_500_000
    # the Ogg service hears nothing beyond this


@dataclass(slots=True)
class Faults:
    """What goes wrong, to be set and taken back while the server runs."""

    handshake_delay_s: float = 0.0
    handshake_status: int | None = None
    refuse_next: int = 0
    # so many further connections meet a service without a free place
    close_after_frames: int | None = None
    # fires on the first connection that gets there, and clears itself
    close_mid_word: bool = False
    # the same, in front of a word; on sub-word wires behind the first piece of one
    close_code: int | None = 1000
    # of the two above and of `refuse_next`; None cuts the TCP connection
    frozen: bool = False
    # goes on reading and says nothing
    read_delay_s: float = 0.0
    # before each message it reads
    garbage: bool = False
    # a hostile message in front of the answers to each message
    garbled: bool = False
    # nothing but hostile messages: the words that were due are withheld
    session_limit_s: float | None = None
    # so long after its opening a connection is cut, as the hosting service does
    connections: frozenset[int] | None = None
    # numbers of those that the last five are for; None: all

    def concern(self, number: int) -> bool:
        """Whether the faults of connections are for this one."""
        return self.connections is None or number in self.connections

    def limit_of(self, number: int) -> float | None:
        """When a connection is cut; seconds after its opening."""
        return self.session_limit_s if self.concern(number) else None


@dataclass(frozen=True, slots=True)
class SentWord:
    """A word that was handed to the socket."""

    text: str
    start_s: float
    end_s: float
    # place in the audio of the connection
    audio_s: float
    # audio heard when it was sent
    sent_s: float
    # monotonic clock


@dataclass(frozen=True, slots=True)
class RefusedHandshake:
    """A client that did not get in."""

    path: str
    status: int
    header_names: frozenset[str]
    at_s: float
    # monotonic clock


@dataclass(slots=True)
class ConnectionRecord:
    """One connection, from its handshake on. Header values are not kept."""

    number: int
    wire: str
    path: str
    header_names: frozenset[str]
    # lower case
    opened_s: float
    closed_s: float | None = None
    # monotonic clock
    close_code: int | None = None
    # what the WebSocket saw: 1006 for a cut
    ended_by: str = ""
    messages: int = 0
    answered: int = 0
    # of these, worked through with all their answers sent
    bytes: int = 0
    frames: int = 0
    # steps of 80 ms that were recognised
    audio_s: float = 0.0
    words: list[SentWord] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    # recognised, but the connection ended before they were due
    withheld: int = 0
    # words that fell due while the server was frozen
    audio: list[Samples] = field(default_factory=list, repr=False)
    # all that was recognised, if the server keeps it

    @property
    def is_open(self) -> bool:
        """True until the connection ended."""
        return self.closed_s is None

    @property
    def texts(self) -> list[str]:
        """The words that were sent."""
        return [word.text for word in self.words]

    def heard(self) -> Samples:
        """All audio that was recognised, if the server was told to keep it."""
        return np.concatenate([np.zeros(0, dtype=np.float32), *self.audio])

    def sent(self, word: RecognisedWord, now_s: float) -> None:
        """A word has gone out."""
        self.words.append(
            SentWord(word.text, word.start_s, word.end_s, self.audio_s, now_s)
        )
