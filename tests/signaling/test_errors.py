# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Each error says whether trying again can help, and where it belongs."""

import pytest

from signaling import errors


@pytest.mark.parametrize(
    ("error", "base", "retryable"),
    [
        (errors.SignalingError, Exception, False),
        (errors.HpbError, errors.SignalingError, False),
        (errors.HpbUnavailableError, errors.HpbError, True),
        (errors.HpbThrottledError, errors.HpbError, True),
        (errors.HpbRefusedError, errors.HpbError, False),
        (errors.HpbUnfitError, errors.HpbError, False),
        (errors.MessageTooLargeError, errors.SignalingError, False),
        (errors.NegotiationError, errors.SignalingError, True),
        (errors.SttError, errors.SignalingError, False),
        (errors.SttUnavailableError, errors.SttError, True),
        (errors.SttCapacityError, errors.SttError, True),
        (errors.SttRefusedError, errors.SttError, False),
    ],
)
def test_errors_say_whether_a_new_attempt_helps(
    error: type[errors.SignalingError], base: type[Exception], retryable: bool
) -> None:
    """The tree and the flag are what callers decide by."""
    assert error.__base__ is base
    assert error.retryable is retryable
    assert str(error("what to do")) == "what to do"


def test_every_error_is_in_the_tree_of_the_module() -> None:
    """The overview at the top of the module stays complete."""
    overview = errors.__doc__ or ""
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    assert len(classes) == 12
    for error in classes:
        assert issubclass(error, errors.SignalingError)
        assert error.__name__ in overview


def test_speech_to_text_errors_carry_a_stable_reason() -> None:
    """The class's own, or a narrower one."""
    assert errors.SttCapacityError("full").reason == "capacity"
    assert errors.SttUnavailableError("gone").reason == "unreachable"
    assert errors.SttUnavailableError("gone", "lost").reason == "lost"
