# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A setting of a wrong form stops every command; the self-test still says which. Pure."""

import json

from signaling.doctor.result import Level, Result, exit_code

CHANGE = "Correct the setting; README.md has the table of all of them."


def text_and_code(reason: str, arguments: list[str]) -> tuple[str, int]:
    """What a command says instead of doing its work, and its exit code."""
    if arguments[:1] != ["doctor"]:
        return f"Settings: {reason}\n", 1
    result = Result("settings", "Settings", Level.FAILURE, f"{reason}.", CHANGE, 0.0)
    code = exit_code([result])
    if "--json" not in arguments:
        return f"FAILURE  Settings: {reason}.\n         {CHANGE}\n", code
    return json.dumps(document([result]), indent=2) + "\n", code


def document(results: list[Result]) -> dict[str, object]:
    """All results for programs."""
    return {
        "exit_code": exit_code(results),
        "checks": [result.plain() for result in results],
    }
