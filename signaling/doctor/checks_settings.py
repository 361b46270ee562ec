# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Settings: all that is needed is there, and nothing is what it cannot be.

Values of a wrong form never get here: they stop the start (`signaling/doctor/stop.py`).
"""

from collections.abc import Iterator

from django.conf import settings

from calls import services
from signaling.doctor import inventory
from signaling.doctor.check import Subject
from signaling.doctor.result import Finding, failure, ok, warning

APP_ID = "live_transcription"
"Talk looks for no other."
ENVIRONMENT_HINT = (
    "Set it where the app is deployed: --env of `occ app_api:app:register`, or the "
    "deploy options."
)
APPAPI_HINT = "AppAPI sets it when it deploys the app; by hand: docs/development.md."


async def check_settings(subject: Subject) -> Finding:
    """Names each that is missing or odd."""
    rows = tuple(inventory.rows())
    missing = list(services.missing_settings())
    from_appapi = [
        name for name in ("APP_SECRET", "NEXTCLOUD_URL") if not getattr(settings, name)
    ]
    if missing or from_appapi:
        hints = []
        if missing:
            hints.append(f"{', '.join(missing)}: {ENVIRONMENT_HINT}")
        if from_appapi:
            hints.append(f"{', '.join(from_appapi)}: {APPAPI_HINT}")
        names = ", ".join([*missing, *from_appapi])
        return failure(f"Not set: {names}.", " ".join(hints), rows)
    odd = list(_odd())
    if odd:
        seen, change = zip(*odd, strict=True)
        return warning(" ".join(seen), " ".join(change), rows)
    own = sum(source != "default" for _, _, source in rows)
    return ok(f"{own} set, {len(rows) - own} as they are by default.", rows)


def _odd() -> Iterator[tuple[str, str]]:
    """What was seen and what to change, for values that are hardly meant so."""
    if settings.APP_ID != APP_ID:
        yield (
            f"APP_ID is {settings.APP_ID!r}, and Talk looks for {APP_ID!r} only.",
            f"Register the app as {APP_ID}.",
        )
    if settings.SKIP_CERT_VERIFY:
        yield (
            "SKIP_CERT_VERIFY is on: anybody between this machine and the HPB can "
            "listen.",
            "Give the HPB a certificate that this machine trusts, and unset "
            "SKIP_CERT_VERIFY.",
        )
    if not settings.LT_STT_URL and not _is_name(settings.MODAL_WORKSPACE):
        yield (
            "MODAL_WORKSPACE does not look like the name of a workspace.",
            "MODAL_WORKSPACE is what stands before `--` in the service's host name, "
            "without https:// and dots.",
        )
    if "/ocs/" in settings.LT_BACKEND_URL or "/index.php" in settings.LT_BACKEND_URL:
        yield (
            "LT_BACKEND_URL has more than Nextcloud's address in it.",
            "LT_BACKEND_URL is the URL in the `[backend]` part of the HPB's "
            "server.conf, as https://cloud.example.com.",
        )
    if settings.DEBUG:
        yield ("DEBUG is on: the pages take passwords.", "Unset DEBUG.")


def _is_name(workspace: str) -> bool:
    return bool(workspace) and not set(workspace) & set(":/. ")
