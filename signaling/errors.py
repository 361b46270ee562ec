# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Errors of the signaling package; each says whether trying again can help.

SignalingError
├── HpbError                    the High-Performance Backend
│   ├── HpbUnavailableError     connection lost, refused, timed out (retry)
│   ├── HpbThrottledError       too many failed hellos from our address (retry, late)
│   ├── HpbRefusedError         hello refused: secret, backend URL, client type
│   └── HpbUnfitError           the server lacks what we need (no MCU, no room)
├── MessageTooLargeError        would exceed the HPB's 64 KiB per message
├── NegotiationError            an offer that cannot be answered (retry with a new one)
└── SttError                    speech-to-text
    ├── SttUnavailableError     connection lost, refused, timed out (retry)
    ├── SttCapacityError        accepted and closed at once: no free channel (retry)
    └── SttRefusedError         credentials or address are wrong
"""


class SignalingError(Exception):
    """Base of all errors here. The text is for operators and holds no secret."""

    retryable = False


class HpbError(SignalingError):
    """Something about the High-Performance Backend."""


class HpbUnavailableError(HpbError):
    """The HPB cannot be reached now."""

    retryable = True


class HpbThrottledError(HpbError):
    """The HPB has blocked our address for a while (`too_many_requests`)."""

    retryable = True


class HpbRefusedError(HpbError):
    """The HPB refused our hello; only a change of configuration helps."""


class HpbUnfitError(HpbError):
    """The HPB answers but cannot do what captions need."""


class MessageTooLargeError(SignalingError):
    """A message for the HPB would exceed 64 KiB, which would close the connection."""


class NegotiationError(SignalingError):
    """An offer could not be answered."""

    retryable = True


class SttError(SignalingError):
    """Something about speech-to-text."""

    reason = "stt"

    def __init__(self, text: str, reason: str = "") -> None:
        """`reason` is a stable word for counters, where it is not the class's own."""
        super().__init__(text)
        self.reason = reason or self.reason


class SttUnavailableError(SttError):
    """The speech-to-text server cannot be reached now."""

    retryable = True
    reason = "unreachable"


class SttCapacityError(SttError):
    """The speech-to-text server has no free channel now."""

    retryable = True
    reason = "capacity"


class SttRefusedError(SttError):
    """The speech-to-text server refused us: wrong credentials or wrong address."""

    reason = "refused"
