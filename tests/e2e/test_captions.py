# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Three people speak, several read: the right words, once, in order, by name."""

import difflib
from collections.abc import Sequence

import pytest
import soxr

from devkit.engine import SAMPLE_HZ
from devkit.measure import bare
from devkit.moonshine import MoonshineEngine
from devkit.participant import ReceivedCaption, Viewer
from devkit.recordings import RATE_HZ, Audio, looped, speech, stereo
from devkit.scenario import LocalCall
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.stt_record import ConnectionRecord
from devkit.surroundings import WIRES, WireName
from devkit.tones import spoken_words

pytestmark = [pytest.mark.hpb, pytest.mark.engine, pytest.mark.timeout(120)]

ROOM = "e2eroom1"
SAME = 0.6
"Share of words two texts have in common if they are of the same recording."


def words(captions: Sequence[ReceivedCaption]) -> list[str]:
    """The words of captions in the order in which they came."""
    return [word for caption in captions for word in caption.text.split()]


def sent(record: ConnectionRecord) -> list[str]:
    """The words the server sent on one connection."""
    return [part for word in record.words for part in word.text.split()]


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of words in common, in order, without punctuation."""
    matcher = difflib.SequenceMatcher(
        None, [bare(word) for word in one], [bare(word) for word in other], False
    )
    return matcher.ratio()


def assert_well_formed(viewer: Viewer | Speaker) -> None:
    """What Talk's renderer needs of every message, and nobody's own words."""
    for caption in viewer.captions:
        assert caption.final
        assert caption.language in ("en", "fr")
        assert caption.room_type == "video"
        assert caption.text == " ".join(caption.text.split())
        assert caption.text
        assert caption.speaker_session_id != viewer.session_id


@pytest.mark.parametrize("wire", WIRES)
async def test_every_reader_gets_the_words_of_every_speaker(wire: WireName) -> None:
    """Three recordings, early and late readers, one who switches off midway."""
    parts: list[Audio] = [
        speech("two_cities.wav", 0.0, 14.0),
        speech("two_cities.wav", 20.0, 14.0),
        looped(speech("beckett.wav"), 14.0),
    ]
    with MoonshineEngine() as engine:
        async with (
            LocalCall(engine, wire) as call,
            Viewer(call.nextcloud, ROOM, "Vera") as full,
            Viewer(call.nextcloud, ROOM, "Otto") as leaver,
            Speaker(call.nextcloud, ROOM, "Ann", parts[0]) as ann,
            Speaker(call.nextcloud, ROOM, "Ben", parts[1]) as ben,
            Speaker(call.nextcloud, ROOM, "Cleo", parts[2]) as cleo,
        ):
            late = Viewer(call.nextcloud, ROOM, "Lea")
            await hold_meeting(call, full, leaver, late, (ann, ben, cleo))
            for viewer in (full, late, leaver, ann):
                assert_well_formed(viewer)
            said = [direct(engine, part) for part in parts]
            everything = sent_by_speaker(call, (ann, ben, cleo), said)
            for session_id, words_sent in everything.items():
                assert len(words_sent) > 5
                assert of(full.captions, session_id) == words_sent
                assert of(late.captions, session_id) == words_sent
                before = of(leaver.captions, session_id)
                assert before == words_sent[: len(before)]
                assert len(before) < len(words_sent)
            for speaker in (ben, cleo):
                read = of(ann.captions, speaker.session_id)
                assert read == everything[speaker.session_id]
            assert ben.captions == cleo.captions == []


async def hold_meeting(
    call: LocalCall,
    full: Viewer,
    leaver: Viewer,
    late: Viewer,
    speakers: Sequence[Speaker],
) -> None:
    """All speak at once; one reader comes late, one leaves, a speaker reads too."""
    await full.enter_call()
    await full.press_cc()
    await late.press_cc()  # before the HPB has ever seen her
    for speaker in speakers:
        await speaker.enter_call()
    await speakers[0].press_cc()
    await leaver.enter_call()
    await leaver.press_cc(language="fr")
    async with late:
        await late.enter_call()
        await call.wait_heard(len(speakers))
        for speaker in speakers:
            speaker.speak()
        await leaver.wait_until(lambda: len(leaver.captions) >= 8, 30.0)
        await leaver.press_cc(enable=False)
        await full.press_cc(language="en")
        for speaker in speakers:
            await speaker.track.finished.wait()
        await call.app.stop()


def sent_by_speaker(
    call: LocalCall, speakers: Sequence[Speaker], said: Sequence[Sequence[str]]
) -> dict[str, list[str]]:
    """What speech-to-text sent for each speaker: one connection each, by its words."""
    records = list(call.stt.records)
    found = {
        speaker.session_id: record
        for speaker, words_said in zip(speakers, said, strict=True)
        for record in records
        if likeness(sent(record), words_said) > SAME
    }
    assert len(found) == len(records) == len(speakers)
    return {session_id: sent(record) for session_id, record in found.items()}


def of(captions: Sequence[ReceivedCaption], session_id: str) -> list[str]:
    """The words of one speaker."""
    return words([c for c in captions if c.speaker_session_id == session_id])


def direct(engine: MoonshineEngine, audio: Audio) -> list[str]:
    """The words the engine says when it is fed the recording itself."""
    samples = soxr.resample(audio, RATE_HZ, SAMPLE_HZ)
    return " ".join(engine.transcribe_samples(samples)).split()


@pytest.mark.parametrize("shape", ["mono", "stereo"])
async def test_captions_equal_what_the_engine_says_of_the_file(shape: str) -> None:
    """The way through Opus, WebRTC and our resampler costs no word."""
    # The small model hears some passages differently at the next sample already;
    # this one it hears alike wherever its windows fall.
    recording = speech("two_cities.wav", 0.0, 8.0)
    with MoonshineEngine() as engine:
        async with (
            LocalCall(engine, "modal-pcm") as call,
            Viewer(call.nextcloud, ROOM, "Vera") as viewer,
            Speaker(
                call.nextcloud,
                ROOM,
                "Ann",
                stereo(recording) if shape == "stereo" else recording,
            ) as speaker,
        ):
            await viewer.enter_call()
            await speaker.enter_call()
            await viewer.press_cc()
            await call.wait_heard(1)
            speaker.speak()
            await speaker.track.finished.wait()
            await call.app.stop()
            heard = [bare(word) for word in viewer.words_of(speaker)]
            assert heard == [bare(word) for word in direct(engine, recording)]


@pytest.mark.parametrize("simulate", [False, True], ids=["real", "simulated"])
async def test_words_are_counted_on_numbers(simulate: bool) -> None:
    """No number is missing and none comes twice, on either HPB."""
    audio = spoken_words(0, range(1, 31), 48_000)
    async with (
        LocalCall(NumberedEngine(), "modal-opus", simulate_hpb=simulate) as call,
        Viewer(call.nextcloud, ROOM, "Vera") as viewer,
        Speaker(call.nextcloud, ROOM, "Ann", audio) as speaker,
    ):
        await viewer.enter_call()
        await speaker.enter_call()
        await viewer.press_cc()
        await call.wait_heard(1)
        speaker.speak()
        await speaker.track.finished.wait()
        assert await call.app.stop() == 0
        assert viewer.words_of(speaker) == [f"w{n}" for n in range(1, 31)]
