# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Rows for tests."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from calls import models
from calls.control import worker_channel


class WorkerFactory(DjangoModelFactory[models.Worker]):
    """A worker that is alive."""

    class Meta:
        model = models.Worker

    name = factory.Sequence(lambda n: f"worker-{n}")
    host = "localhost"
    pid = factory.Sequence(lambda n: 1000 + n)
    channel = factory.LazyAttribute(lambda worker: worker_channel(worker.name))
    started_at = factory.LazyFunction(timezone.now)
    seen_at = factory.LazyFunction(timezone.now)


class CallFactory(DjangoModelFactory[models.Call]):
    """An open call that nobody holds."""

    class Meta:
        model = models.Call

    room_token = factory.Sequence(lambda n: f"room{n}")
    language = "en"


class RecipientFactory(DjangoModelFactory[models.Recipient]):
    """Somebody who has asked for captions."""

    class Meta:
        model = models.Recipient

    call = factory.SubFactory(CallFactory)
    nextcloud_session_id = factory.Sequence(lambda n: f"nextcloud-session-{n}")
    since = factory.LazyFunction(timezone.now)


class SpeakerFactory(DjangoModelFactory[models.Speaker]):
    """Somebody whose audio is captioned."""

    class Meta:
        model = models.Speaker

    call = factory.SubFactory(CallFactory)
    session_id = factory.Sequence(lambda n: f"session-{n}")
    display_name = "Ann"


class CallEventFactory(DjangoModelFactory[models.CallEvent]):
    """A line of a call's timeline."""

    class Meta:
        model = models.CallEvent

    call = factory.SubFactory(CallFactory)
    level = "info"
    code = "hpb.joined"


class RoomSettingsFactory(DjangoModelFactory[models.RoomSettings]):
    """A room whose moderator chose French."""

    class Meta:
        model = models.RoomSettings

    room_token = factory.Sequence(lambda n: f"settled{n}")
    language = "fr"
