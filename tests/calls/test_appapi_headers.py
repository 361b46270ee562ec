# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Any headers at all: only the right ones are somebody's, and none raises."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from calls.appapi import authenticated_user

SECRET = "the-secret"
NAMES = (
    b"ex-app-id",
    b"ex-app-version",
    b"authorization-app-api",
    b"EX-APP-ID",
    b"Authorization-App-Api",
    b"aa-version",
)
TOKENS = [
    base64.b64encode(text)
    for text in (
        b"alice:the-secret",
        b":the-secret",
        b"alice:the-secret:",
        b"alice:wrong",
        b"the-secret",
        b"\xff\xfe:the-secret",
    )
]
values = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"live_transcription", b"1.0.0", b"", *TOKENS]),
)


@pytest.fixture(autouse=True)
def secret(settings: Settings) -> None:
    """As AppAPI has set it."""
    settings.APP_SECRET = SECRET
    settings.APP_ID = "live_transcription"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=8))
def test_only_the_right_headers_let_anybody_in(
    headers: list[tuple[bytes, bytes]],
) -> None:
    """A user means: each header once, our id, our secret."""
    user = authenticated_user(headers)
    given_ = {name.lower(): value.strip() for name, value in headers}
    lower = [name.lower() for name, _ in headers]
    expected = all(lower.count(name) == 1 for name in NAMES[:3])
    expected = expected and given_[b"ex-app-id"] == b"live_transcription"
    expected = expected and bool(given_[b"ex-app-version"])
    if user is not None:
        assert expected
        assert given_[b"authorization-app-api"] in TOKENS[:2]
        assert user in ("alice", "")
    elif expected:
        assert given_[b"authorization-app-api"] not in TOKENS[:2]
