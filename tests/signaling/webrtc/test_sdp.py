"""Candidate lines: good ones are read, everything else is a ValueError."""

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.webrtc.sdp import MAX_LINE, TYPES, CandidateLine, parse_candidate

JANUS = "candidate:1 1 udp 2015363327 192.0.2.2 31356 typ host"


@pytest.mark.parametrize("prefix", ["", "a=", " a=", "\t"])
@pytest.mark.parametrize("line", [JANUS, JANUS.removeprefix("candidate:")])
def test_candidate_of_janus_is_read(prefix: str, line: str) -> None:
    """With or without the attribute's name, as peers write it."""
    assert parse_candidate(f"{prefix}{line}\r\n") == CandidateLine(
        foundation="1",
        component=1,
        protocol="udp",
        priority=2015363327,
        address="192.0.2.2",
        port=31356,
        type="host",
    )


@pytest.mark.parametrize("line", ["", " ", "candidate:", "a=candidate:", "\r\n"])
def test_empty_candidate_is_the_end_of_them(line: str) -> None:
    """Browsers send an empty one last."""
    assert parse_candidate(line) is None


def test_extensions_after_the_type_are_ignored() -> None:
    """Related addresses, TCP types and generations mean nothing here."""
    line = (
        "candidate:842163049 1 UDP 1677729535 203.0.113.9 46154 typ srflx "
        "raddr 10.0.0.5 rport 46154 generation 0 ufrag xK4E network-cost 999"
    )
    parsed = parse_candidate(line)
    assert parsed is not None
    assert (parsed.protocol, parsed.type, parsed.port) == ("udp", "srflx", 46154)


@pytest.mark.parametrize(
    "line",
    [
        "candidate:1 1 udp 1 192.0.2.2 31356 typ",
        "candidate:1 1 udp 1 192.0.2.2 31356 host typ",
        "candidate:1 1 udp 1 192.0.2.2 31356 typ magic",
        "candidate:1 1 udp 1 0f2c-11ee.local 31356 typ host",
        "candidate:1 1 udp 1 hpb.example.com 31356 typ host",
        "candidate:1 1 udp 1 192.0.2.256 31356 typ host",
        "candidate:1 1 udp 1 192.0.2.2 65536 typ host",
        "candidate:1 1 udp 1 192.0.2.2 -1 typ host",
        "candidate:1 1 udp 1 192.0.2.2 1e3 typ host",
        "candidate:1 1 udp 4294967296 192.0.2.2 1 typ host",
        "candidate:1 257 udp 1 192.0.2.2 1 typ host",
        "candidate:1 one udp 1 192.0.2.2 1 typ host",
        "candidate:1 ² udp 1 192.0.2.2 1 typ host",
        "candidate:1 ١ udp 1 192.0.2.2 1 typ host",
        "candidate:1 1 udp 1 192.0.2.2 00000000000099999 typ host",
        "candidate:1 1 udp " + "9" * 400 + " 192.0.2.2 1 typ host",
        JANUS + " x" * MAX_LINE,
    ],
)
def test_malformed_candidate_is_refused(line: str) -> None:
    """Host names as well: a lookup must not hold up the audio."""
    with pytest.raises(ValueError, match=r"\S"):
        parse_candidate(line)


@given(
    address=st.ip_addresses().map(str),
    component=st.integers(0, 256),
    priority=st.integers(0, 2**32 - 1),
    port=st.integers(0, 65535),
    kind=st.sampled_from(sorted(TYPES)),
    protocol=st.sampled_from(["udp", "UDP", "tcp"]),
)
def test_well_formed_candidates_keep_their_fields(
    address: str, component: int, priority: int, port: int, kind: str, protocol: str
) -> None:
    """Whatever is in range comes out as it went in."""
    line = f"candidate:f {component} {protocol} {priority} {address} {port} typ {kind}"
    assert parse_candidate(line) == CandidateLine(
        "f", component, protocol.lower(), priority, address, port, kind
    )


FIELD = st.one_of(
    st.text(max_size=20),
    st.integers(-10, 2**40).map(str),
    st.integers(0, 2**40).map(lambda number: f"{number:020}"),
    st.ip_addresses().map(str),
    st.sampled_from(["typ", "host", "udp", "candidate:1"]),
)


@given(st.one_of(st.text(), st.lists(FIELD, min_size=8, max_size=10).map(" ".join)))
def test_arbitrary_text_gives_a_candidate_none_or_a_value_error(line: str) -> None:
    """Nothing else is ever raised, and what is read is in range."""
    with contextlib.suppress(ValueError):
        check(parse_candidate(line))


@given(st.data())
def test_mutated_candidates_are_in_range_or_refused(data: st.DataObject) -> None:
    """One field of a real line is replaced by anything."""
    fields = JANUS.split()
    fields[data.draw(st.integers(0, len(fields) - 1))] = data.draw(FIELD)
    with contextlib.suppress(ValueError):
        check(parse_candidate(" ".join(fields)))


def check(parsed: CandidateLine | None) -> None:
    """All numbers in range, the address one of an IP protocol, the type known."""
    if parsed is None:
        return
    assert 0 <= parsed.port <= 65535
    assert 0 <= parsed.component <= 256
    assert 0 <= parsed.priority < 2**32
    assert str(ipaddress.ip_address(parsed.address)) == parsed.address
    assert parsed.type in TYPES
