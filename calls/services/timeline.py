# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Lines of the timeline that an operator reads. Never a spoken word."""

from calls.codes import EventCode
from calls.models import Call, CallEvent, Speaker

INFO = CallEvent.Level.INFO
TEXT_CHARS = 500


def note(
    call_id: int,
    code: EventCode,
    text: str = "",
    level: CallEvent.Level = INFO,
    speaker: Speaker | None = None,
) -> None:
    """One more line; longer texts are cut."""
    if level != INFO:
        Call.objects.filter(pk=call_id, has_problem=False).update(has_problem=True)
    CallEvent.objects.create(
        call_id=call_id,
        speaker=speaker,
        level=level,
        code=code,
        text=text[:TEXT_CHARS],
    )


def record_event(
    call_id: int, level: str, code: EventCode, text: str, session_id: str = ""
) -> None:
    """A line from a worker; `session_id` names the speaker it is about."""
    speaker = None
    if session_id:
        speaker, _ = Speaker.objects.get_or_create(
            call_id=call_id, session_id=session_id
        )
    note(call_id, code, text, CallEvent.Level(level), speaker)
