# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Candidate lines as peers send them. Pure.

Source: RFC 8839 section 5.1 (`candidate-attribute`).
"""

import ipaddress
from dataclasses import dataclass

MAX_LINE = 512
FIXED_FIELDS = 8
"foundation, component, protocol, priority, address, port, `typ`, type"
TYPES = frozenset({"host", "srflx", "prflx", "relay"})


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """What an ICE agent needs of a candidate line."""

    foundation: str
    component: int
    protocol: str
    priority: int
    address: str
    port: int
    type: str


def parse_candidate(line: str) -> CandidateLine | None:
    """A candidate line, with or without `candidate:`; None for an empty one.

    Raises `ValueError` for anything malformed, and for host names: the `.local` names
    of browsers cannot be resolved here, and a lookup must not hold up the audio.
    """
    line = line.strip().removeprefix("a=").removeprefix("candidate:")
    if not line:
        return None
    fields = line.split()
    if len(line) > MAX_LINE or len(fields) < FIXED_FIELDS or fields[6] != "typ":
        raise ValueError("not a candidate line")
    foundation, component, protocol, priority, address, port, _, kind = fields[:8]
    if kind not in TYPES:
        raise ValueError("unknown type of candidate")
    return CandidateLine(
        foundation=foundation,
        component=_number(component, 256),
        protocol=protocol.lower(),
        priority=_number(priority, 2**32 - 1),
        address=str(ipaddress.ip_address(address)),
        port=_number(port, 65535),
        type=kind,
    )


def _number(text: str, limit: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > limit:
        raise ValueError("not a candidate line")
    return int(text)
