# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What operators do to calls; each leaves a line in the timeline."""

from django.db import transaction

from calls.codes import EventCode
from calls.models import Call
from calls.services.leases import close
from calls.services.timeline import note
from calls.services.waking import wake_after_commit
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
