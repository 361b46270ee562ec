# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What operators do to calls; each leaves a line in the timeline."""

from django.db import transaction

from calls.codes import EventCode
from calls.models import Call
from calls.services.leases import close
from calls.services.timeline import note
from calls.services.waking import preview_after_commit, wake_after_commit
from calls.states import CallState


def stop_call(call_id: int, operator: str) -> bool:
    """End a call for all its readers, whether its worker lives or not.

    False, and nothing done, if it is over. Who wants captions again presses CC again.
    """
    with transaction.atomic():
        running = Call.objects.filter(pk=call_id, ended_at=None)
        # The worker may end it at the same moment: one of the two does.
        call = running.select_for_update().first()
        if call is None:
            return False
        reason = f"stopped by {operator}"
        close(call, CallState.ENDED, reason)
        note(call.pk, EventCode.OPERATOR_STOPPED, f"by {operator}")
        note(call.pk, EventCode.CALL_ENDED, reason)
        wake_after_commit(call)
    return True


def preview_call(call_id: int, operator: str, *, is_on: bool) -> bool:
    """Let dashboards show the words of a call for a while, or end that.

    False, and nothing done, if no worker holds the call. The words themselves stay in
    the worker's memory; who asked for them is a line of the timeline.
    """
    with transaction.atomic():
        running = Call.objects.filter(pk=call_id, ended_at=None)
        call = running.select_related("worker").first()
        if call is None or not preview_after_commit(call, is_on=is_on):
            return False
        code = EventCode.PREVIEW_ON if is_on else EventCode.PREVIEW_OFF
        note(call.pk, code, f"by {operator}")
    return True
