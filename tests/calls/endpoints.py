# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Every endpoint, and every way to be refused or not understood."""

import base64
import json
from typing import Any

from tests.calls.conftest import SECRET, appapi_headers

TRANSCRIBE = "/api/v1/call/transcribe"
SET_LANGUAGE = "/api/v1/call/set-language"
LEAVE = "/api/v1/call/leave"

PROTECTED = (
    ("GET", "/ready"),
    ("POST", "/init"),
    ("GET", "/enabled"),
    ("PUT", "/enabled?enabled=1"),
    ("GET", "/capabilities"),
    ("GET", "/api/v1/languages"),
    ("POST", TRANSCRIBE),
    ("POST", SET_LANGUAGE),
    ("POST", LEAVE),
    ("GET", "/api/v1/status"),
    ("GET", "/admin/"),
    ("GET", "/static/admin/css/base.css"),
    ("GET", "/heartbeat/"),
    ("GET", "/nothing"),
)

Headers = list[tuple[str, str]]


def _with(**changes: str | None) -> Headers:
    headers = appapi_headers()
    for name, value in changes.items():
        key = name.replace("_", "-")
        if value is None:
            del headers[key]
        else:
            headers[key] = value
    return list(headers.items())


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def _doubled(name: str, value: str) -> Headers:
    return [*appapi_headers().items(), (name, value)]


REFUSED: dict[str, Headers] = {
    "no headers": [],
    "no app id": _with(EX_APP_ID=None),
    "no version": _with(EX_APP_VERSION=None),
    "no authorization": _with(AUTHORIZATION_APP_API=None),
    "empty app id": _with(EX_APP_ID=""),
    "empty version": _with(EX_APP_VERSION=" "),
    "empty authorization": _with(AUTHORIZATION_APP_API=""),
    "another app": _with(EX_APP_ID="talk"),
    "not base64": _with(AUTHORIZATION_APP_API="%%%"),
    "base64 with rubbish": _with(
        AUTHORIZATION_APP_API=_encoded(f":{SECRET}".encode())[:-1] + "*="
    ),
    "no colon": _with(AUTHORIZATION_APP_API=_encoded(b"secret")),
    "not UTF-8": _with(AUTHORIZATION_APP_API=_encoded(b"\xff\xfe:" + SECRET.encode())),
    "wrong secret": _with(AUTHORIZATION_APP_API=_encoded(b"alice:wrong")),
    "secret and more": _with(AUTHORIZATION_APP_API=_encoded(f":{SECRET}x".encode())),
    "part of the secret": _with(
        AUTHORIZATION_APP_API=_encoded(f":{SECRET[:-1]}".encode())
    ),
    "empty secret": _with(AUTHORIZATION_APP_API=_encoded(b"alice:")),
    "app id twice": _doubled("ex-app-id", "live_transcription"),
    "authorization twice": _doubled("Authorization-App-Api", _encoded(b"x:y")),
    "version twice": _doubled("EX-APP-VERSION", "1.0.0"),
}


def body(**changes: Any) -> dict[str, Any]:
    """What Talk sends for CC-on, with changes; None leaves a field out."""
    fields = {"roomToken": "room1", "ncSessionId": "session1", "enable": True}
    fields.update(changes)
    return {name: value for name, value in fields.items() if value is not None}


MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"roomToken=room1",
    "not UTF-8": b'{"roomToken": "\xff"}',
    "half": b'{"roomToken": "room1"',
    "a list": b"[]",
    "a text": b'"room1"',
    "null": b"null",
    "a number": b"1e999",
    "nested": b"[" * 5000 + b"]" * 5000,
    "nested objects": b'{"roomToken":' * 500 + b"1" + b"}" * 500,
    "no room": json.dumps(body(roomToken=None)).encode(),
    "empty room": json.dumps(body(roomToken="")).encode(),
    "room of a wrong type": json.dumps(body(roomToken=["room1"])).encode(),
    "room with NUL": json.dumps(body(roomToken="room\0")).encode(),
    "room with a line break": json.dumps(body(roomToken="room\n1")).encode(),
    "room too long": json.dumps(body(roomToken="r" * 65)).encode(),
    "lone surrogate": b'{"roomToken": "\\ud800", "ncSessionId": "s", "enable": true}',
    "oversized": json.dumps(body(extra="x" * 20_000)).encode(),
}
