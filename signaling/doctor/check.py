# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What a check is, and what all checks of one run share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from signaling.config import HpbConfig, IceServer, SttConfig
from signaling.doctor.result import Finding
from signaling.hpb.guard import HpbGuard


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes; tests pass others."""

    request_s: float = 8.0
    "For one answer of Nextcloud or the HPB."
    hello_s: float = 8.0
    turn_s: float = 4.0
    "For one STUN or TURN server."
    media_s: float = 15.0
    "From the first offer to audio that came back."
    cold_start_s: float = 5.0
    "After so long speech-to-text is said to start cold."
    speech_s: float = 20.0
    "For the spoken sample, all of it."
    skew_s: float = 30.0
    "Clocks that differ by more deserve a warning."
    disk_failure_bytes: int = 50 * 2**20
    disk_warning_bytes: int = 500 * 2**20


@dataclass(slots=True)
class Subject:
    """What is looked at, and what checks have learned for those after them."""

    hpb_url: str
    "As the operator has set it."
    hpb: HpbConfig
    stt: SttConfig
    storage: Path
    in_server: bool = False
    "Whether this is the process that serves; its worker has to be there then."
    limits: Limits = field(default_factory=Limits)
    guard: HpbGuard = field(default_factory=HpbGuard)
    tell: Callable[[str], None] = lambda what: None
    "Told what takes long, and why."
    clocks: dict[str, float] = field(default_factory=dict)
    "By how many seconds other clocks are ahead of ours."
    ice_servers: tuple[IceServer, ...] = ()
    "Those of Talk's STUN and TURN servers that work."
    talk_ice_servers: tuple[IceServer, ...] = ()
    "All that Talk names."
    backend: str = ""
    "The URL under which the HPB knows this Nextcloud."
    backend_refused: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()
    "Of the HPB."


@dataclass(frozen=True, slots=True)
class Check:
    """One question with one answer."""

    name: str
    title: str
    ask: Callable[[Subject], Awaitable[Finding]]
    needs: tuple[str, ...] = ()
    "Checks that must not have failed; this one is skipped otherwise."
    after: tuple[str, ...] = ()
    "Checks whose answers are used, if there are any."
    timeout_s: float | None = 20.0
    "For what the check itself does not bound; None if it bounds all."
