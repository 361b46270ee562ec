# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Request bodies to frozen dataclasses; errors name the field. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from calls.languages import CODES, plain_code

MAX_BODY_BYTES = 16 * 1024
MAX_ROOM_TOKEN = 64
MAX_SESSION_ID = 255


class SchemaError(ValueError):
    """A body that cannot be understood; the text names the field."""


@dataclass(frozen=True, slots=True)
class TranscribeRequest:
    """Captions on or off for one participant."""

    room_token: str
    nextcloud_session_id: str
    enable: bool
    language: str | None
    "None: not sent, or not one of ours."


@dataclass(frozen=True, slots=True)
class SetLanguageRequest:
    """A moderator chose a language for a room."""

    room_token: str
    language: str | None
    "None: back to the default."


@dataclass(frozen=True, slots=True)
class LeaveRequest:
    """Leave a room."""

    room_token: str


def parse_transcribe(body: bytes) -> TranscribeRequest:
    """Body of `transcribe`; a language that is unknown counts as not sent."""
    fields = _object(body)
    enable = fields.get("enable")
    if not isinstance(enable, bool):
        raise SchemaError("enable must be true or false")
    code = _language(fields)
    return TranscribeRequest(
        room_token=_text(fields, "roomToken", MAX_ROOM_TOKEN),
        nextcloud_session_id=_text(fields, "ncSessionId", MAX_SESSION_ID),
        enable=enable,
        # A room may still hold a code of another recogniser: that must not fail.
        language=code if code in CODES else None,
    )


def parse_set_language(body: bytes) -> SetLanguageRequest:
    """Body of `set-language`; an unknown language is an error here."""
    fields = _object(body)
    room_token = _text(fields, "roomToken", MAX_ROOM_TOKEN)
    if "langId" not in fields:
        raise SchemaError("langId is missing")
    code = _language(fields)
    if code and code not in CODES:
        raise SchemaError(f"langId must be one of {', '.join(sorted(CODES))}")
    return SetLanguageRequest(room_token, code or None)


def parse_leave(body: bytes) -> LeaveRequest:
    """Body of `leave`."""
    return LeaveRequest(_text(_object(body), "roomToken", MAX_ROOM_TOKEN))


def parse_occ_options(body: bytes) -> dict[str, Any]:
    """Options of an occ command; AppAPI sends null or [] where there are none."""
    command = _object(body).get("occ")
    if not isinstance(command, dict):
        raise SchemaError("occ must be an object")
    options = command.get("options") or {}
    if not isinstance(options, dict):
        raise SchemaError("options must be an object")
    return options


def check_room_token(value: Any) -> str:
    """A room's token as it is; raises `SchemaError`."""
    return _text({"the room token": value}, "the room token", MAX_ROOM_TOKEN)


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY_BYTES:
        raise SchemaError("the body is too large")
    try:
        fields = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise SchemaError("the body must be JSON") from None
    if not isinstance(fields, dict):
        raise SchemaError("the body must be a JSON object")
    return fields


def _text(fields: dict[str, Any], name: str, limit: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise SchemaError(f"{name} must be a non-empty text")
    if len(value) > limit:
        raise SchemaError(f"{name} must have at most {limit} characters")
    if not value.isprintable() or any(character.isspace() for character in value):
        raise SchemaError(f"{name} must not have control characters or spaces")
    return value


def _language(fields: dict[str, Any]) -> str:
    value = fields.get("langId")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SchemaError("langId must be a text")
    return plain_code(value)
