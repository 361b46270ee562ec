# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Candidate lines as peers send them."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.webrtc.sdp import CandidateLine, parse_candidate

HOST = CandidateLine("1", 1, "udp", 2015363327, "192.0.2.2", 31356, "host")


@pytest.mark.parametrize(
    "line",
    [
        "candidate:1 1 udp 2015363327 192.0.2.2 31356 typ host",
        "a=candidate:1 1 UDP 2015363327 192.0.2.2 31356 typ host",
        " 1 1 udp 2015363327 192.0.2.2 31356 typ host generation 0 ufrag x",
    ],
)
def test_known_forms(line: str) -> None:
    """With and without what stands before it, and with more behind it."""
    assert parse_candidate(line) == HOST


@pytest.mark.parametrize("line", ["", "candidate:", "  "])
def test_empty_candidate_means_the_end(line: str) -> None:
    """Legal in both directions."""
    assert parse_candidate(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "1 1 udp 1 192.0.2.2 5 host typ",
        "1 1 udp 1 192.0.2.2 5 typ other",
        "1 1 udp 1 5f2c1d9e.local 5 typ host",
        "1 1 udp 1 192.0.2.2 70000 typ host",
        "1 1 udp 1 192.0.2.2 00000000000070000 typ host",
        "1 257 udp 1 192.0.2.2 5 typ host",
        "1 1 udp 4294967296 192.0.2.2 5 typ host",
        "1 1 udp -1 192.0.2.2 5 typ host",
        "1 x udp 1 192.0.2.2 5 typ host",
        "1 1 udp 1 192.0.2.2 ٥ typ host",
        "1 1 udp 1 192.0.2.2 5 typ host " + "x" * 600,
    ],
)
def test_malformed_lines(line: str) -> None:
    """Host names too: a lookup must not hold up the audio."""
    with pytest.raises(ValueError, match="candidate|address"):
        parse_candidate(line)


@given(st.text(max_size=80))
def test_any_text(line: str) -> None:
    """A candidate, nothing, or `ValueError`."""
    try:
        assert parse_candidate(line) is None or line.strip()
    except ValueError:
        return


FIELD = st.one_of(
    st.text(max_size=20),
    st.integers(-10, 2**40).map(str),
    st.integers(0, 2**40).map(lambda number: f"{number:020}"),
    st.ip_addresses().map(str),
)


@given(st.integers(0, 7), FIELD)
def test_one_field_replaced_by_anything(index: int, field: str) -> None:
    """What is read is in range and has an address."""
    fields = ["1", "1", "udp", "2015363327", "192.0.2.2", "31356", "typ", "host"]
    fields[index] = field
    try:
        parsed = parse_candidate(" ".join(fields))
    except ValueError:
        return
    assert parsed is not None
    assert 0 <= parsed.port <= 65535
    assert 0 <= parsed.component <= 256
    assert 0 <= parsed.priority < 2**32
    assert str(ipaddress.ip_address(parsed.address)) == parsed.address


@given(
    address=st.ip_addresses().map(str),
    component=st.integers(0, 256),
    priority=st.integers(0, 2**32 - 1),
    port=st.integers(0, 65535),
    kind=st.sampled_from(["host", "srflx", "prflx", "relay"]),
)
def test_fields_come_out_as_they_went_in(
    address: str, component: int, priority: int, port: int, kind: str
) -> None:
    """Whatever is in range."""
    line = f"candidate:f {component} TCP {priority} {address} {port} typ {kind}"
    assert parse_candidate(line) == CandidateLine(
        "f", component, "tcp", priority, address, port, kind
    )
