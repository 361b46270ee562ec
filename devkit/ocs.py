# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Answers of Nextcloud's OCS API."""

from typing import Any

from aiohttp import web


def ocs(data: Any, code: int) -> web.Response:
    """HTTP 200 with the true status inside."""
    meta = {"status": "ok", "statuscode": code, "message": "OK"}
    return web.json_response({"ocs": {"meta": meta, "data": data}})


def refusal() -> web.Response:
    """To wrong credentials of an app, and to all of a disabled one."""
    body = {"message": "AppAPI authentication failed"}
    return web.json_response(body, status=401)
