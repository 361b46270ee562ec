# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What operators do to calls; each leaves a line in the timeline."""

from collections.abc import Collection

from django.db import transaction

from calls.codes import EventCode
from calls.models import Call, Speaker, Worker
from calls.services.leases import close
from calls.services.timeline import note
from calls.services.waking import (
    preview_after_commit,
    reconnect_after_commit,
    retry_after_commit,
    wake_after_commit,
)
from calls.states import CallState, SpeakerState

MAX_NOTED = 100
"Calls that get a line about what concerns all."


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


def reconnect_speaker(call_id: int, speaker_id: int, operator: str) -> bool:
    """Make a speaker's audio and stream anew; the last words come out before.

    False, and nothing done, if the speaker has left or no worker holds the call.
    """
    with transaction.atomic():
        there = Speaker.objects.filter(pk=speaker_id, call_id=call_id)
        there = there.filter(call__ended_at=None).exclude(state=SpeakerState.ENDED)
        speaker = there.select_related("call__worker").first()
        if speaker is None:
            return False
        if not reconnect_after_commit(speaker.call, speaker.session_id):
            return False
        text = f"by {operator}"
        note(call_id, EventCode.OPERATOR_RECONNECTED, text, speaker=speaker)
    return True


def retry_hpb(worker_ids: Collection[int], operator: str) -> int:
    """Have those of the workers ask the HPB again that were refused; how many.

    Every call that runs or waits gets a line of it.
    """
    with transaction.atomic():
        chosen = Worker.objects.filter(pk__in=worker_ids)
        refused = list(chosen.exclude(hpb_refusal=""))
        for worker in refused:
            retry_after_commit(worker)
        Worker.objects.filter(pk__in=[one.pk for one in refused]).update(hpb_refusal="")
        if refused:
            for call in Call.objects.filter(ended_at=None)[:MAX_NOTED]:
                note(call.pk, EventCode.OPERATOR_RETRIED, f"by {operator}")
    return len(refused)
