# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Commands that Nextcloud's `occ` runs here; what we answer goes to its terminal.

Source: nextcloud/app_api, `lib/Service/ExAppOccService.php`. 200 is exit code 0.
"""

import io

from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse

from calls.schemas import parse_occ_options
from calls.views.answers import api


@api("POST")
def calls(request: HttpRequest) -> HttpResponse:
    """`occ live_transcription:calls [--json] [--past]`, as `manage.py calls`."""
    if getattr(request, "scope", {}).get("appapi_user"):
        return _text("only for occ\n", 403)
    options = parse_occ_options(request.body)
    output = io.StringIO()
    try:
        call_command(
            "calls",
            json=options.get("json") is True,
            past=options.get("past") is True,
            stdout=output,
        )
    except CommandError as error:
        return _text(f"{error}\n", 503)
    return _text(output.getvalue())


def _text(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
