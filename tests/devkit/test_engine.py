# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The offline recogniser: real words, always the same ones, none taken back."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from devkit.engine import FRAME_SAMPLES, Reframer, Samples, loudness
from devkit.moonshine import EngineError, MoonshineEngine, read_wave, recording
from devkit.stt import SttServer
from devkit.tones import silence, tone
from devkit.utterances import Cue, UtteranceSplitter
from tests.devkit.stt_client import (
    answers_after,
    audio_messages,
    modal,
    moshi,
    ogg_messages,
    packed,
    pcm_messages,
    tokens,
)

with_model = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> Iterator[MoonshineEngine]:
    """The model is loaded once."""
    with MoonshineEngine() as loaded:
        yield loaded


@pytest.fixture(scope="module")
def best_of_times() -> Samples:
    """The first sentence of the longest recording, with silence behind it."""
    speech = read_wave(recording("two_cities.wav"))[: 24_000 * 5]
    return np.concatenate([speech, silence(1.0)])


def plain(words: list[str]) -> str:
    """A text without marks and capitals."""
    return " ".join(words).lower().translate(str.maketrans("", "", ".,;:!?"))


@with_model
def test_recording_gives_real_words(
    engine: MoonshineEngine, best_of_times: Samples
) -> None:
    """A sentence that everybody knows."""
    assert (
        plain(engine.transcribe_samples(best_of_times))
        == "it was the best of times it was the worst of times"
    )


@with_model
def test_words_of_another_file(engine: MoonshineEngine) -> None:
    """A recording at another rate, read through the file helper."""
    words = plain(engine.transcribe_file(recording("beckett.wav")))
    assert "ever tried" in words
    assert words.endswith("fail better")


@with_model
def test_words_are_the_same_for_any_blocks_and_beside_other_streams(
    engine: MoonshineEngine, best_of_times: Samples
) -> None:
    """Odd blocks, and another speaker's audio in between, change nothing."""
    alone = engine.open().feed(best_of_times)
    other_audio = read_wave(recording("beckett.wav"))
    recogniser, other = engine.open(), engine.open()
    beside = []
    for start in range(0, len(best_of_times), 777):
        beside += recogniser.feed(best_of_times[start : start + 777])
        other.feed(other_audio[start : start + 777])
    assert beside == alone


@with_model
def test_words_come_while_speech_goes_on_and_are_never_taken_back(
    engine: MoonshineEngine, best_of_times: Samples
) -> None:
    """Places in the audio rise, and half of the words come before the sentence ends."""
    recogniser = engine.open()
    early = recogniser.feed(best_of_times[: 24_000 * 4])
    late = recogniser.feed(best_of_times[24_000 * 4 :])
    assert len(early) >= 6
    assert plain([w.text for w in early + late]).startswith("it was the best of times")
    times = [time for word in early + late for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert 0.5 < times[0] < 1.5
    assert 4.0 < times[-1] < 5.0
    assert recogniser.finish() == []


@with_model
def test_silence_flushes_the_tail(
    engine: MoonshineEngine, best_of_times: Samples
) -> None:
    """Half a second of it brings out the last word; so does the end of the audio."""
    cut = best_of_times[: round(24_000 * 4.75)]
    open_ended, flushed = engine.open(), engine.open()
    before = open_ended.feed(cut)
    assert not plain([w.text for w in before]).endswith("worst of times")
    at_end = open_ended.finish()
    assert plain([w.text for w in before + at_end]).endswith("worst of times")
    words = flushed.feed(np.concatenate([cut, silence(0.56)]))
    assert plain([w.text for w in words]).endswith("worst of times")


@with_model
def test_no_words_in_silence_and_noise(engine: MoonshineEngine) -> None:
    """Soft noise and a click are not speech."""
    noise = np.random.default_rng(1).normal(0, 0.001, 48_000).astype(np.float32)
    click = tone(800, 0.1)
    assert engine.transcribe_samples(np.concatenate([noise, click, noise])) == []


@with_model
async def test_server_words_are_what_the_engine_says_of_the_same_audio(
    engine: MoonshineEngine, best_of_times: Samples
) -> None:
    """Through the Ogg wire, in a burst, beside a second client: the same words."""
    server = SttServer(engine, stream_wire="modal-opus", keep_audio=True)
    async with server, moshi(server) as other, modal(server) as client:
        await other.send(audio_messages(best_of_times[: 24_000 * 2])[0])
        found = await answers_after(server, client, ogg_messages(best_of_times))
    record = server.records[1]
    said = engine.transcribe_samples(record.heard())
    assert "".join(tokens(found)).split() == record.texts == said
    assert "best of times" in plain(said)


@with_model
async def test_whole_words_through_the_pcm_wire(
    engine: MoonshineEngine, best_of_times: Samples
) -> None:
    """The audio is not changed on the way, so the words are those of the file."""
    async with SttServer(engine) as server, modal(server) as client:
        found = await answers_after(server, client, pcm_messages(best_of_times))
    assert tokens(found) == engine.transcribe_samples(best_of_times)


@with_model
async def test_marker_comes_behind_the_last_word(
    engine: MoonshineEngine, best_of_times: Samples
) -> None:
    """The flush of moshi-server works with real recognition."""
    cut = best_of_times[: round(24_000 * 4.75)]
    flush = packed("Audio", pcm=silence(1.5).tolist())
    messages = [*audio_messages(cut), packed("Marker", id=1), flush]
    async with SttServer(engine) as server, moshi(server) as client:
        found = await answers_after(server, client, messages)
    kinds = [answer["type"] for answer in found]
    assert server.records[0].texts == engine.transcribe_samples(best_of_times)
    assert kinds.index("Marker") > len(kinds) - 1 - kinds[::-1].index("Word")


@with_model
def test_closed_engine_refuses() -> None:
    """A recogniser of a closed engine says so instead of crashing."""
    loaded = MoonshineEngine()
    loaded.close()
    loaded.close()
    with pytest.raises(EngineError, match="closed"):
        loaded.text_of(silence(1.0))


def test_wave_of_another_kind_is_refused(
    tmp_path: Path,
) -> None:
    """8-bit audio is not guessed at."""
    path = tmp_path / "old.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes(b"\x80" * 100)
    with pytest.raises(EngineError, match=r"old\.wav"):
        read_wave(path)


def cues(audio: Samples) -> list[Cue]:
    """What a splitter makes of each 80 ms."""
    splitter = UtteranceSplitter()
    return [splitter.push(frame) for frame in Reframer(FRAME_SAMPLES).push(audio)]


def test_utterance_begins_with_sound_and_ends_with_a_pause() -> None:
    """Two loud frames begin it, five silent ones end it, with looks in between."""
    found = cues(np.concatenate([silence(0.8), tone(300, 1.6), silence(0.8)]))
    assert found[:11] == [Cue.SILENCE] * 11
    assert found[11] is Cue.GOES_ON
    looks = [index for index, cue in enumerate(found) if cue is Cue.LOOK]
    assert looks == [15, 19, 23, 27]
    assert found[34] is Cue.ENDS
    assert found[35:] == [Cue.SILENCE] * 5


def test_click_is_dropped() -> None:
    """Two loud frames are not speech."""
    found = cues(np.concatenate([silence(0.8), tone(300, 0.16), silence(1.6)]))
    assert Cue.DROPPED in found
    assert Cue.ENDS not in found


def test_long_speech_is_cut_at_the_limit() -> None:
    """Fourteen seconds without a pause are enough for one utterance."""
    speech = 3 * tone(300, 29.0)
    assert cues(speech).count(Cue.ENDS) == 2


def test_shorter_pauses_end_longer_utterances() -> None:
    """A quarter of a second does after six seconds, not before."""
    pause = silence(0.24)
    parts = [tone(300, 2.96), pause, tone(300, 3.92), pause, tone(300, 0.8)]
    found = cues(np.concatenate(parts))
    assert [index for index, cue in enumerate(found) if cue is Cue.ENDS] == [91]


def test_background_noise_raises_the_bar() -> None:
    """Steady noise is speech at first, then taken for the floor."""
    noise = np.random.default_rng(2).normal(0, 0.01, 24_000 * 20).astype(np.float32)
    found = cues(noise)
    assert found[-25:] == [Cue.SILENCE] * 25


def test_reframer_keeps_the_rest() -> None:
    """Pieces come out when they are full, taken one by one."""
    reframer = Reframer(4)
    audio = np.arange(11, dtype=np.float32)
    assert [list(piece) for piece in reframer.push(audio[:3])] == []
    first = next(reframer.push(audio[3:]))
    assert (list(first), reframer.waiting) == ([0, 1, 2, 3], 7)
    assert [list(piece) for piece in reframer.push(audio[:0])] == [[4, 5, 6, 7]]
    assert list(reframer.rest()) == [8, 9, 10]
    assert reframer.waiting == 0


def test_loudness() -> None:
    """Root mean square; nothing is silent."""
    assert loudness(np.full(10, 0.5, dtype=np.float32)) == pytest.approx(0.5)
    assert loudness(silence(0)) == 0.0
