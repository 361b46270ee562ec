# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Wishes, leases and facts, on a real database."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import IntegrityError, connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from calls import services
from calls.control import CONTROL_CHANNEL, WakeCall, worker_channel
from calls.models import Call, CallEvent, Language, Recipient, Speaker, Worker
from calls.services.wishes import room_language
from calls.states import CALL_MOVES, CallState, RecipientState, sources
from tests.calls.factories import (
    CallFactory,
    RecipientFactory,
    RoomSettingsFactory,
    SpeakerFactory,
    WorkerFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


async def test_wake_message_reaches_the_shared_channel() -> None:
    """A call that nobody holds wakes whichever worker takes the message."""
    room_token = "shared-channel"
    await database_sync_to_async(services.want_captions)(room_token, "session", None)
    layer = get_channel_layer()
    assert layer is not None
    wake = None
    while wake != WakeCall(room_token):  # others' messages may wait there too
        wake = WakeCall.from_message(await layer.receive(CONTROL_CHANNEL))


async def test_wake_message_reaches_the_worker_that_holds_the_call() -> None:
    """Others would not know what to do with it."""

    def hold() -> None:
        services.want_captions("room", "session", None)
        WorkerFactory.create(name="w", channel=worker_channel("w"))
        assert services.claim_call("room", "w") is not None
        services.want_captions("room", "other", None)

    await database_sync_to_async(hold)()
    layer = get_channel_layer()
    assert layer is not None
    assert await layer.receive(worker_channel("w")) == WakeCall("room").to_message()


def test_one_open_call_per_room() -> None:
    """The database itself refuses a second one; an ended one does not count."""
    CallFactory.create(room_token="room", ended_at=timezone.now())
    CallFactory.create(room_token="room")
    with pytest.raises(IntegrityError):
        CallFactory.create(room_token="room")


def test_one_wish_per_session() -> None:
    """A wish that has ended may be made again."""
    wish = RecipientFactory.create(until=timezone.now())
    RecipientFactory.create(
        call=wish.call, nextcloud_session_id=wish.nextcloud_session_id
    )
    with pytest.raises(IntegrityError):
        RecipientFactory.create(
            call=wish.call, nextcloud_session_id=wish.nextcloud_session_id
        )


def test_wishes_in_order_and_without_those_who_left() -> None:
    """What a worker reads is what is wanted now."""
    call = services.want_captions("room", "first", "fr")
    services.want_captions("room", "second", None)
    services.want_captions("room", "third", None)
    services.unwant_captions("room", "second")
    assert services.wishes(call.pk) == services.Wishes("fr", ("first", "third"))


def test_language_of_the_room_is_used_when_talk_sends_none() -> None:
    """Then the default; then what is asked for."""
    RoomSettingsFactory.create(room_token="room", language="fr")
    assert services.want_captions("room", "a", None).language == "fr"
    assert services.want_captions("other", "a", None).language == "en"
    assert services.want_captions("third", "a", "fr").language == "fr"


def test_speakers_are_limited(settings: Settings) -> None:
    """No new call beyond LT_MAX_SPEAKERS."""
    settings.LT_MAX_SPEAKERS = 1
    SpeakerFactory.create()
    with pytest.raises(services.LimitReachedError, match="LT_MAX_SPEAKERS"):
        services.want_captions("room", "a", None)


def test_claim_needs_a_wish_and_a_free_lease() -> None:
    """Each claim raises the fence; nobody else gets the call meanwhile."""
    WorkerFactory.create(name="one")
    WorkerFactory.create(name="two")
    call = CallFactory.create(room_token="room")
    assert services.claim_call("room", "one") is None
    RecipientFactory.create(call=call)
    assert services.waiting_rooms() == ["room"]
    claimed = services.claim_call("room", "one")
    assert claimed == services.ClaimedCall(call.pk, "room", 1, "en")
    assert services.waiting_rooms() == []
    assert services.claim_call("room", "two") is None


def test_two_workers_at_the_same_moment() -> None:
    """Exactly one of them gets the call."""
    names = ["one", "two", "three", "four"]
    for name in names:
        WorkerFactory.create(name=name)
    RecipientFactory.create(call=CallFactory.create(room_token="room"))
    barrier, claims = Barrier(len(names)), []

    def claim(name: str) -> None:
        barrier.wait()
        claims.append(services.claim_call("room", name))
        connection.close()

    threads = [Thread(target=claim, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claimed is not None for claimed in claims) == 1


def test_expired_lease_can_be_taken_and_fences_off_the_old_holder() -> None:
    """A worker that comes back late writes nothing any more."""
    WorkerFactory.create(name="one")
    WorkerFactory.create(name="two")
    RecipientFactory.create(call=CallFactory.create(room_token="room"))
    old = services.claim_call("room", "one")
    assert old is not None
    Call.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    new = services.claim_call("room", "two")
    assert new is not None
    assert new.fence == old.fence + 1
    assert not services.call_joined(old.call_id, old.fence, "S")
    assert not services.release_call(old.call_id, old.fence)
    assert not services.end_call(old.call_id, old.fence, "", unless_wanted=False)
    assert not services.fail_call(old.call_id, old.fence, "")
    held = [new.call_id]
    assert services.renew_leases("one", 0, held) == {new.call_id}
    assert services.renew_leases("two", 3, held) == set()
    assert Worker.objects.get(name="two").speakers == 3


def test_call_ends_unless_somebody_still_wants_it() -> None:
    """A wish that came at the last moment keeps the call."""
    WorkerFactory.create(name="one")
    wish = RecipientFactory.create(call=CallFactory.create(room_token="room"))
    claimed = services.claim_call("room", "one")
    assert claimed is not None
    assert not services.end_call(1, 99, "", unless_wanted=True)
    ids = (claimed.call_id, claimed.fence)
    assert not services.end_call(*ids, "nobody reads", unless_wanted=True)
    services.unwant_captions("room", wish.nextcloud_session_id)
    assert services.end_call(*ids, "nobody reads", unless_wanted=True)
    call = Call.objects.get()
    assert (call.state, call.end_reason) == (CallState.ENDED, "nobody reads")
    assert call.ended_at is not None


def test_call_that_no_worker_has_taken_yet_ends_with_its_last_wish() -> None:
    """On and off again before the bot has joined leaves no open call behind."""
    services.want_captions("room", "a", None)
    services.want_captions("room", "b", None)
    services.unwant_captions("room", "a")
    assert Call.objects.get().ended_at is None
    services.leave_room("room")
    assert Call.objects.get().state == CallState.ENDED


def test_released_call_waits_for_another_worker() -> None:
    """A process that ends leaves its calls and wishes behind."""
    WorkerFactory.create(name="one")
    RecipientFactory.create(call=CallFactory.create(room_token="room"))
    claimed = services.claim_call("room", "one")
    assert claimed is not None
    assert services.release_call(claimed.call_id, claimed.fence)
    assert services.waiting_rooms() == ["room"]
    assert services.claim_call("room", "one") is not None
    services.unregister_worker("one")
    assert services.waiting_rooms() == ["room"]


def test_failed_call_says_why() -> None:
    """The operator finds the reason in the row and in the timeline."""
    WorkerFactory.create(name="one")
    RecipientFactory.create(call=CallFactory.create(room_token="room"))
    claimed = services.claim_call("room", "one")
    assert claimed is not None
    assert services.fail_call(claimed.call_id, claimed.fence, "wrong secret")
    assert Call.objects.get().state == CallState.FAILED
    assert CallEvent.objects.get(code="call.failed").text == "wrong secret"
    assert not Recipient.objects.filter(until=None).exists()


def test_facts_of_a_call() -> None:
    """Joined, bound, away, gone; speakers and events."""
    services.register_worker("one", "host", 1)
    wish = RecipientFactory.create(call=CallFactory.create(room_token="room"))
    claimed = services.claim_call("room", "one")
    assert claimed is not None
    ids, session = (claimed.call_id, claimed.fence), wish.nextcloud_session_id
    assert services.call_joined(*ids, "S1")
    assert services.call_state(*ids, "reconnecting")
    assert services.recipient_bound(claimed.call_id, session, "S2")
    wish.refresh_from_db()
    assert (wish.state, wish.session_id) == (RecipientState.BOUND, "S2")
    assert services.recipient_away(claimed.call_id, session)
    assert services.recipient_gone(claimed.call_id, session)
    assert not services.recipient_gone(claimed.call_id, session)
    report = a_report("S3", words=7)
    services.record_speaker(claimed.call_id, report)
    services.record_speaker(claimed.call_id, report)
    code = services.EventCode.SPEAKER_LISTENING
    services.record_event(claimed.call_id, "info", code, "", "S3")
    speaker = Speaker.objects.get()
    assert (speaker.words, speaker.audio_s, str(speaker)) == (14, 3.0, "Ann")
    assert CallEvent.objects.get(code=code).speaker == speaker
    assert services.status() == services.Status(1, 1, 0, 1)


def a_report(session_id: str, words: int) -> services.SpeakerReport:
    """What a worker says of somebody who speaks."""
    return services.SpeakerReport(
        session_id=session_id,
        nextcloud_session_id="nc",
        display_name="Ann",
        state="listening",
        new=services.SpeakerCounters(audio_s=1.5, words=words),
    )


def test_ended_states_are_final() -> None:
    """No way leads out of them, and every other state is reachable."""
    assert CALL_MOVES[CallState.ENDED] == CALL_MOVES[CallState.FAILED] == frozenset()
    for state in set(CallState) - {CallState.WAITING}:
        assert sources(state)


def test_worker_channels_are_valid_names() -> None:
    """Channels refuses anything but letters, digits, hyphens and full stops."""
    assert worker_channel("höst_1.example:5") == "calls.h-st-1-example-5"


def test_default_language_is_the_settings_until_an_operator_chooses(
    settings: Settings,
) -> None:
    """The seeded languages leave the choice to LT_DEFAULT_LANGUAGE."""
    settings.LT_DEFAULT_LANGUAGE = "fr"
    assert room_language("room", None) == "fr"
    Language.objects.update_or_create(code="en", defaults={"is_default": True})
    assert room_language("room", None) == "en"


def test_wishes_of_long_ago_end_when_the_app_is_enabled() -> None:
    """Sessions of yesterday's call are gone: the bot does not visit its room."""
    recipient = RecipientFactory.create()
    services.suspend_calls()
    assert services.wishes(recipient.call.pk).suspended
    long_ago = timezone.now() - timedelta(minutes=16)
    Call.objects.update(suspended_at=long_ago)
    services.resume_calls()
    recipient.refresh_from_db()
    assert recipient.until is not None
    assert Call.objects.get().state == CallState.ENDED


def test_suspended_call_is_claimed_by_nobody_until_it_is_resumed() -> None:
    call = RecipientFactory.create().call
    services.register_worker("one", "host", 1)
    services.suspend_calls()
    assert services.claim_call(call.room_token, "one") is None
    services.resume_calls()
    assert services.claim_call(call.room_token, "one") is not None
    assert not services.wishes(call.pk).suspended
