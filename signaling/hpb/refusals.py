# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What the HPB's error and bye codes mean for us, in words for the operator. Pure.

Source of the codes: HPB `docs/standalone-signaling-api-v1.md`, "Establish connection"
and "Joining a room", and `api/signaling.go`.
"""

from signaling.errors import HpbError, HpbRefusedError, HpbThrottledError, HpbUnfitError

_SETTINGS = {
    "invalid_client_type": (
        "The HPB has no internal secret: set `[clients] internalsecret` in its "
        "server.conf and the same value in LT_INTERNAL_SECRET."
    ),
    "invalid_token": (
        "The HPB refuses our secret: LT_INTERNAL_SECRET must equal `[clients] "
        "internalsecret` of the HPB's server.conf, which is not the backend secret "
        "shown in Talk's admin page."
    ),
    "invalid_backend": (
        "The HPB does not know this Nextcloud under any of its URLs: set "
        "LT_BACKEND_URL to the URL in the `[backend]` part of the HPB's server.conf."
    ),
}
_OUR_FAULT = frozenset({"invalid_hello_version", "hello_expected", "invalid_format"})
_THROTTLED = (
    "The HPB has blocked our address after too many failed hellos: correct "
    "LT_INTERNAL_SECRET and LT_BACKEND_URL, then wait for half an hour or restart "
    "the HPB."
)
_JOIN_AGAIN = frozenset({"room_join_failed", "no_such_room"})


def hello_refusal(code: str) -> HpbError | None:
    """The refusal an error code of the hello stands for; None: try again later."""
    if code in _SETTINGS:
        return HpbRefusedError(_SETTINGS[code])
    if code == "too_many_requests":
        return HpbThrottledError(_THROTTLED)
    if code in _OUR_FAULT:
        return HpbRefusedError(
            f"The HPB does not understand our hello ({code}); is it a supported version?"
        )
    return None


def hello_trouble(code: str) -> str:
    """Why a hello failed that is worth another try."""
    if code == "session_limit_exceeded":
        return "the HPB's session limit for this Nextcloud is reached"
    return f"hello failed: {code}"


def keeps_session(code: str) -> bool:
    """Whether a join that failed with this code is tried again by the same session.

    After `duplicate_session` and the like only another session, with another id, helps.
    """
    return code in _JOIN_AGAIN


def no_media_server() -> HpbError:
    """The HPB runs without Janus."""
    return HpbUnfitError(
        "The HPB has no media server (feature `mcu`): configure Janus in the `[mcu]` "
        "part of its server.conf."
    )


def no_room(code: str) -> HpbError:
    """The HPB did not let us into the room, several times over."""
    return HpbUnfitError(f"The HPB does not let us into the room: {code}")
