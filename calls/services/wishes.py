# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What participants and moderators want: captions on and off, languages."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from calls.codes import EventCode
from calls.models import Call, Language, Recipient, RoomSettings, Speaker
from calls.services.offering import is_offered, offered_languages
from calls.services.timeline import note
from calls.services.waking import wake_after_commit
from calls.states import CallState, RecipientState, SpeakerState

logger = logging.getLogger(__name__)


NOBODY_READS = "nobody reads"
RESUME_WITHIN = timedelta(minutes=15)
"An update takes a minute or two; after longer, calls are over and sessions gone."


class LimitReachedError(Exception):
    """No further call or speaker may be captioned; the text says which limit."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of one call now."""

    language: str
    recipients: tuple[str, ...]
    "Nextcloud session ids, in the order in which they asked."
    suspended: bool = False
    "The call is to be left now, and may be taken up later."
    stopped: bool = False
    "An operator has ended the call."


def want_captions(
    room_token: str, nextcloud_session_id: str, language: str | None
) -> Call:
    """Store the wish of one participant; asking again changes nothing.

    Raises `LimitReachedError` if a new call would exceed LT_MAX_CALLS.
    """
    try:
        with transaction.atomic():
            return _want(room_token, nextcloud_session_id, language)
    except IntegrityError:
        # Somebody else opened the call, or the same wish, at the same moment.
        with transaction.atomic():
            return _want(room_token, nextcloud_session_id, language)


def _want(room_token: str, nextcloud_session_id: str, language: str | None) -> Call:
    call = _open_calls().filter(room_token=room_token).first()
    if call is None:
        _check_limits()
        call = Call.objects.create(
            room_token=room_token, language=room_language(room_token, language)
        )
        note(call.pk, EventCode.CALL_WANTED)
    elif language and is_offered(language) and call.language != language:
        Call.objects.filter(pk=call.pk).update(language=language)
        call.language = language
    Recipient.objects.get_or_create(
        call=call,
        nextcloud_session_id=nextcloud_session_id,
        until=None,
        defaults={"since": timezone.now()},
    )
    wake_after_commit(call)
    return call


def unwant_captions(room_token: str, nextcloud_session_id: str) -> None:
    """Take the wish of one participant back; unknown ones are fine."""
    with transaction.atomic():
        call = _open_calls().filter(room_token=room_token).first()
        if call is not None and _end_wishes(
            Q(call=call, nextcloud_session_id=nextcloud_session_id)
        ):
            _wake_or_end(call)


def leave_room(room_token: str) -> None:
    """Take back all wishes for a room."""
    with transaction.atomic():
        call = _open_calls().filter(room_token=room_token).first()
        if call is not None and _end_wishes(Q(call=call)):
            _wake_or_end(call)


def suspend_calls() -> None:
    """Leave all calls: the app is disabled, for an update or for good.

    Wishes are kept: Talk goes on showing CC as switched on to whoever asked.
    """
    with transaction.atomic():
        for call in _open_calls().filter(suspended_at=None):
            Call.objects.filter(pk=call.pk).update(suspended_at=timezone.now())
            note(call.pk, EventCode.CALL_SUSPENDED)
            wake_after_commit(call)


def resume_calls() -> None:
    """Take calls up again: the app is enabled. Wishes of long ago are forgotten."""
    oldest = timezone.now() - RESUME_WITHIN
    with transaction.atomic():
        for call in _open_calls().exclude(suspended_at=None):
            Call.objects.filter(pk=call.pk).update(suspended_at=None)
            note(call.pk, EventCode.CALL_RESUMED)
            if call.suspended_at is not None and call.suspended_at < oldest:
                _end_wishes(Q(call=call))
            _wake_or_end(call)


def set_room_language(room_token: str, language: str | None) -> str:
    """Remember a room's language, None for the default; returns what it is now.

    Captions of a running call change their tag at once.
    """
    with transaction.atomic():
        if language is None:
            RoomSettings.objects.filter(room_token=room_token).delete()
            language = room_language(room_token, None)
        else:
            RoomSettings.objects.update_or_create(
                room_token=room_token, defaults={"language": language}
            )
        call = _open_calls().filter(room_token=room_token).first()
        if call is not None:
            Call.objects.filter(pk=call.pk).update(language=language)
            wake_after_commit(call)
    return language


def wishes(call_id: int) -> Wishes:
    """The wishes for a call as they are now."""
    call = Call.objects.only("language", "suspended_at", "ended_at").get(pk=call_id)
    recipients = Recipient.objects.filter(call_id=call_id, until=None)
    return Wishes(
        call.language,
        tuple(recipients.values_list("nextcloud_session_id", flat=True)),
        suspended=call.suspended_at is not None,
        stopped=call.ended_at is not None,
    )


def room_language(room_token: str, language: str | None) -> str:
    """The language to tag captions with: asked for, the room's, or the default.

    One that the operator has switched off counts as not chosen.
    """
    wanted = _languages_wanted(room_token, language)
    return next(filter(is_offered, wanted), offered_languages()[0].code)


def _languages_wanted(room_token: str, language: str | None) -> Iterator[str]:
    """The best first; rows are read only if it comes to them."""
    if language:
        yield language
    yield from RoomSettings.objects.filter(room_token=room_token).values_list(
        "language", flat=True
    )
    yield from Language.objects.filter(is_default=True).values_list("code", flat=True)
    yield settings.LT_DEFAULT_LANGUAGE


def _open_calls() -> QuerySet[Call]:
    return Call.objects.filter(ended_at=None).select_related("worker")


def _end_wishes(which: Q) -> int:
    now = timezone.now()
    return Recipient.objects.filter(which, until=None).update(
        state=RecipientState.GONE, until=now
    )


def _wake_or_end(call: Call) -> None:
    """Tell the worker; a call that none holds and nobody wants just ends."""
    now = timezone.now()
    unheld = Q(lease_until=None) | Q(lease_until__lt=now)
    if not Recipient.objects.filter(call=call, until=None).exists():
        ended = Call.objects.filter(unheld, pk=call.pk, ended_at=None).update(
            state=CallState.ENDED,
            ended_at=now,
            end_reason=NOBODY_READS,
            fence=F("fence") + 1,
        )
        if ended:
            note(call.pk, EventCode.CALL_ENDED, NOBODY_READS)
    wake_after_commit(call)


def _check_limits() -> None:
    if settings.LT_MAX_CALLS and _open_calls().count() >= settings.LT_MAX_CALLS:
        raise LimitReachedError("as many calls are captioned as LT_MAX_CALLS allows")
    speaking = Speaker.objects.filter(call__ended_at=None).exclude(
        state__in=(SpeakerState.ENDED, SpeakerState.FAILED)
    )
    if settings.LT_MAX_SPEAKERS and speaking.count() >= settings.LT_MAX_SPEAKERS:
        raise LimitReachedError(
            "as many speakers are captioned as LT_MAX_SPEAKERS allows"
        )
