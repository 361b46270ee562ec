# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Refusals tell the operator what to change, and whether waiting helps."""

import pytest

from signaling.errors import HpbError, HpbRefusedError, HpbThrottledError, HpbUnfitError
from signaling.hpb import refusals


@pytest.mark.parametrize(
    ("code", "kind", "hints"),
    [
        (
            "invalid_token",
            HpbRefusedError,
            ["LT_INTERNAL_SECRET", "internalsecret", "server.conf", "not the backend"],
        ),
        ("invalid_client_type", HpbRefusedError, ["internalsecret"]),
        ("invalid_backend", HpbRefusedError, ["LT_BACKEND_URL", "[backend]"]),
        ("too_many_requests", HpbThrottledError, ["LT_INTERNAL_SECRET", "wait"]),
        ("invalid_hello_version", HpbRefusedError, ["invalid_hello_version"]),
        ("hello_expected", HpbRefusedError, ["hello_expected"]),
        ("invalid_format", HpbRefusedError, ["invalid_format"]),
    ],
)
def test_refusal_names_what_to_change(
    code: str, kind: type[HpbError], hints: list[str]
) -> None:
    """One sentence an operator can act on."""
    error = refusals.hello_refusal(code)
    assert type(error) is kind
    assert not [hint for hint in hints if hint not in str(error)]
    assert error.retryable is (kind is HpbThrottledError)


@pytest.mark.parametrize("code", ["session_limit_exceeded", "internal_error", ""])
def test_other_hello_errors_are_worth_another_try(code: str) -> None:
    """They may pass by themselves."""
    assert refusals.hello_refusal(code) is None


def test_reached_session_limit_is_said_in_words() -> None:
    """It is the operator's to raise."""
    assert "session limit" in refusals.hello_trouble("session_limit_exceeded")
    assert refusals.hello_trouble("odd") == "hello failed: odd"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("room_join_failed", True), ("no_such_room", True), ("duplicate_session", False)],
)
def test_join_is_repeated_by_the_same_session_where_that_helps(
    code: str, expected: bool
) -> None:
    """A duplicate needs another session id."""
    assert refusals.keeps_session(code) is expected


def test_unfit_server_is_told_with_its_reason() -> None:
    """No Janus, or no room."""
    assert isinstance(refusals.no_media_server(), HpbUnfitError)
    assert "Janus" in str(refusals.no_media_server())
    assert isinstance(refusals.no_room("no_such_room"), HpbUnfitError)
    assert "no_such_room" in str(refusals.no_room("no_such_room"))
