# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Where every word of a soak went: read, or counted by the app under a reason."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from devkit.faults import Stage

CALL = "SELECT sum(words_read), sum(words_unread), sum(words_dropped) FROM calls_call"
SPEAKERS = (
    "SELECT sum(words), sum(dropped_frames), sum(stt_s), sum(speech_s) "
    "FROM calls_speaker"
)


@dataclass(frozen=True, slots=True)
class Account:
    """Words from speech-to-text to the reader."""

    sent: int
    "By speech-to-text, to connections that were open as far as it knew."
    received: int
    "By the app, as its rows say."
    unread: int
    "Nobody was there to read them."
    dropped: int
    "The HPB was away for longer than captions wait."
    read: int
    "By the reader, from the HPB."
    repeated: int
    dropped_frames: int
    "80 ms of speech each, that never reached speech-to-text."
    stt_s: float
    speech_s: float

    @property
    def in_flight(self) -> int:
        """Sent, but the connection to speech-to-text was cut before they arrived."""
        return self.sent - self.received

    @property
    def unaccounted(self) -> int:
        """Lost between the app and the reader, and nobody has counted them."""
        return self.received - self.unread - self.dropped - self.read

    @property
    def problems(self) -> list[str]:
        """What was not as it has to be."""
        found = []
        if self.unaccounted:
            found.append(f"{self.unaccounted} words are not accounted for")
        if self.repeated:
            found.append(f"{self.repeated} words came twice")
        if not self.read:
            found.append("nothing was read")
        return found


def account(stage: Stage) -> Account:
    """The account of a call that is over; reads the app's own rows."""
    folder = Path(stage.call.app.environment["APP_PERSISTENT_STORAGE"])
    with closing(sqlite3.connect(folder / "live_transcription.sqlite3")) as database:
        _, unread, dropped = database.execute(CALL).fetchone()
        received, frames, stt_s, speech_s = database.execute(SPEAKERS).fetchone()
    by_speaker: dict[str, list[str]] = {}
    for caption in stage.viewer.captions:
        words = by_speaker.setdefault(caption.speaker_session_id, [])
        words.extend(caption.text.split())
    return Account(
        sent=len(stage.call.stt.words),
        received=received,
        unread=unread,
        dropped=dropped,
        read=sum(len(words) for words in by_speaker.values()),
        repeated=sum(len(words) - len(set(words)) for words in by_speaker.values()),
        dropped_frames=frames,
        stt_s=stt_s,
        speech_s=speech_s,
    )
