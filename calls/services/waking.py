# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Tells workers, after commit, what has changed for a room."""

import logging
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import transaction
from django.utils import timezone

from calls.control import (
    CONTROL_CHANNEL,
    PreviewCall,
    ReconnectSpeaker,
    RetryHpb,
    WakeCall,
)
from calls.models import Call, Worker

logger = logging.getLogger(__name__)


def wake_after_commit(call: Call) -> None:
    """Queue a wake message to the call's worker, or to any worker if it has none."""
    message = WakeCall(call.room_token).to_message()
    _after_commit(_holder(call) or CONTROL_CHANNEL, message)


def preview_after_commit(call: Call, *, is_on: bool) -> bool:
    """Have the call's worker show its words, or not any more; False if it has none."""
    channel = _holder(call)
    if channel:
        _after_commit(channel, PreviewCall(call.room_token, is_on).to_message())
    return bool(channel)


def reconnect_after_commit(call: Call, session_id: str) -> bool:
    """Have the call's worker begin with a speaker anew; False if it has none."""
    channel = _holder(call)
    if channel:
        message = ReconnectSpeaker(call.room_token, session_id).to_message()
        _after_commit(channel, message)
    return bool(channel)


def retry_after_commit(worker: Worker) -> None:
    """Have a worker ask the HPB again."""
    _after_commit(worker.channel, RetryHpb().to_message())


def _holder(call: Call) -> str:
    """Channel of the worker whose lease lasts; empty if there is none."""
    now = timezone.now()
    held = call.worker is not None and (call.lease_until or now) > now
    return call.worker.channel if call.worker and held else ""


def _after_commit(channel: str, message: dict[str, Any]) -> None:
    transaction.on_commit(partial(_send, channel, message))


def _send(channel: str, message: dict[str, Any]) -> None:
    """Send; workers also look for waiting rooms, so a failure costs seconds only."""
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    try:
        async_to_sync(layer.send)(channel, message)
    except ChannelFull:
        logger.warning(
            "The channel %s is full; the worker will look by itself", channel
        )
    except Exception:  # whatever the layer's client raises while Redis is away
        logger.exception("No message to the worker; it will look by itself")
