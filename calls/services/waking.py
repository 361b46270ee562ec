# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Tells a worker, after commit, that a room's wishes have changed."""

import logging
from functools import partial

from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import transaction
from django.utils import timezone

from calls.control import CONTROL_CHANNEL, WakeCall
from calls.models import Call

logger = logging.getLogger(__name__)


def wake_after_commit(call: Call) -> None:
    """Queue a wake message to the call's worker, or to any worker if it has none."""
    now = timezone.now()
    held = call.worker is not None and (call.lease_until or now) > now
    channel = call.worker.channel if call.worker and held else CONTROL_CHANNEL
    transaction.on_commit(partial(_wake, channel, call.room_token))


def _wake(channel: str, room_token: str) -> None:
    """Send; workers also look for waiting rooms, so a failure costs seconds only."""
    layer = get_channel_layer()
    if layer is None:
        raise RuntimeError("no channel layer is configured")
    try:
        async_to_sync(layer.send)(channel, WakeCall(room_token).to_message())
    except ChannelFull:
        logger.warning(
            "The channel %s is full; the worker will look by itself", channel
        )
    except Exception:  # whatever the layer's client raises while Redis is away
        logger.exception("No message to the worker; it will look by itself")
