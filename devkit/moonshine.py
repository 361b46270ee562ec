# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The offline engine: Moonshine tiny English, out of the wheel, without a network."""

import ctypes
import os
import re
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import soxr
from moonshine_voice import ModelArch, Transcriber, get_assets_path
from moonshine_voice.moonshine_api import TranscriptC

from devkit.agreement import WordAgreement
from devkit.engine import (
    FRAME_S,
    FRAME_SAMPLES,
    SAMPLE_HZ,
    RecognisedWord,
    Reframer,
    Samples,
)
from devkit.utterances import PRE_ROLL_FRAMES, Cue, Tempo, UtteranceSplitter

MODEL_HZ = 16_000
MINIMUM_SAMPLES = MODEL_HZ // 2
# the model refuses less than a few milliseconds and guesses below half a second

OPTIONS = {
    # The library's voice detector is one per process and remembers what it heard, so
    # two streams disturb each other and a second run differs from the first. With a
    # threshold of zero it takes any audio as speech, and UtteranceSplitter decides.
    "vad_threshold": "0",
    "vad_max_segment_duration": "60",
    "identify_speakers": "false",
    "return_audio_data": "false",
}
_REPEATED_MARK = re.compile(r"([,.;:!?])[,.;:!?]+")


class EngineError(Exception):
    """The offline recogniser cannot be loaded or refused some audio."""


def recording(name: str) -> Path:
    """Path of a recording that the wheel carries, for example `two_cities.wav`."""
    return Path(get_assets_path()) / name


def read_wave(path: Path) -> Samples:
    """A 16-bit PCM file as 24 kHz mono; raises EngineError on any other kind."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise EngineError(f"{path.name} is not 16-bit PCM")
        channels, rate = file.getnchannels(), file.getframerate()
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    mono = data.reshape(-1, channels).mean(axis=1).astype(np.float32) / 32_768
    resampled: Samples = soxr.resample(mono, rate, SAMPLE_HZ).astype(np.float32)
    return resampled


class MoonshineEngine:
    """One loaded model, shared by any number of streams, one call at a time.

    Equal audio gives equal words, however it is cut into blocks, however fast it
    comes and whatever other streams do.
    """

    blocking = True

    def __init__(self, tempo: Tempo | None = None) -> None:
        self._tempo = tempo or Tempo()
        self._lock = threading.Lock()
        with _single_threaded():
            self._transcriber = Transcriber(
                str(recording("tiny-en")), ModelArch.TINY, options=OPTIONS
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees the model; recognisers still open raise EngineError from then on."""
        with self._lock:
            self._transcriber.close()

    def open(self) -> "MoonshineRecogniser":
        """A recogniser at the start of a new stream."""
        return MoonshineRecogniser(self, self._tempo)

    def transcribe_samples(self, samples: Samples) -> list[str]:
        """The words a stream of this audio gives, as fast as possible."""
        recogniser = self.open()
        words = recogniser.feed(samples) + recogniser.finish()
        return [word.text for word in words]

    def transcribe_file(self, path: Path) -> list[str]:
        """The words a stream of this recording gives, as fast as possible."""
        return self.transcribe_samples(read_wave(path))

    def text_of(self, audio: Samples) -> str:
        """What the model makes of one piece of 16 kHz audio; keeps no state."""
        short = max(0, MINIMUM_SAMPLES - len(audio))
        padded = np.ascontiguousarray(np.pad(audio, (0, short)), dtype=np.float32)
        # The library's own method turns each sample into a Python float first and
        # holds the interpreter for as long as the model runs.
        found = ctypes.POINTER(TranscriptC)()
        with self._lock:
            if self._transcriber._handle is None:
                raise EngineError("the engine is closed")
            error = self._transcriber._lib.moonshine_transcribe_without_streaming(
                self._transcriber._handle,
                padded.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
                len(padded),
                MODEL_HZ,
                0,
                ctypes.byref(found),
            )
            if error:
                raise EngineError(f"the model refused {len(padded)} samples: {error}")
            lines = self._transcriber._parse_transcript(found).lines
            text = " ".join(line.text for line in lines)
        return _REPEATED_MARK.sub(r"\1", text).replace('"', "")


class MoonshineRecogniser:
    """One stream: cuts it into utterances and reads each one several times."""

    def __init__(self, engine: MoonshineEngine, tempo: Tempo) -> None:
        self._engine = engine
        self._reframer = Reframer(FRAME_SAMPLES)
        self._resampler = soxr.ResampleStream(
            SAMPLE_HZ, MODEL_HZ, 1, dtype="float32", quality="HQ"
        )
        self._splitter = UtteranceSplitter(tempo)
        self._agreement = WordAgreement()
        self._audio: list[Samples] = []
        self._sent_letters = 0
        self._last_end_s = 0.0

    def feed(self, samples: Samples) -> list[RecognisedWord]:
        """Words that became certain; takes as long as the model needs."""
        words: list[RecognisedWord] = []
        for frame in self._reframer.push(samples):
            words += self._frame(frame)
        return words

    def finish(self) -> list[RecognisedWord]:
        """The words of an utterance that was cut off by the end of the audio."""
        rest = self._reframer.rest()
        self._audio.append(self._resampler.resample_chunk(rest, last=True))
        return self._act(self._splitter.end())

    def _frame(self, frame: Samples) -> list[RecognisedWord]:
        self._audio.append(self._resampler.resample_chunk(frame))
        return self._act(self._splitter.push(frame))

    def _act(self, cue: Cue) -> list[RecognisedWord]:
        match cue:
            case Cue.SILENCE:
                del self._audio[:-PRE_ROLL_FRAMES]
                return []
            case Cue.GOES_ON:
                return []
            case Cue.LOOK:
                text = self._engine.text_of(np.concatenate(self._audio))
                return self._timed(self._agreement.update(text), text)
            case Cue.ENDS:
                text = self._engine.text_of(np.concatenate(self._audio))
                words = self._timed(self._agreement.complete(text), text)
                self._begin()
                return words
            case Cue.DROPPED:
                self._begin()
                return []

    def _begin(self) -> None:
        """Waits for the next utterance."""
        self._agreement = WordAgreement()
        self._audio.clear()
        self._sent_letters = 0

    def _timed(self, words: list[str], text: str) -> list[RecognisedWord]:
        """Gives each word the part of the utterance that its letters take up."""
        begin_s = (self._splitter.start_frame + PRE_ROLL_FRAMES - 2) * FRAME_S
        length_s = self._splitter.speech_end_frame * FRAME_S - begin_s
        letters = max(1, len("".join(text.split())))
        timed = []
        for word in words:
            start_s = begin_s + length_s * min(1.0, self._sent_letters / letters)
            self._sent_letters += len(word)
            end_s = begin_s + length_s * min(1.0, self._sent_letters / letters)
            start_s = max(start_s, self._last_end_s)
            self._last_end_s = max(end_s, start_s)
            timed.append(RecognisedWord(word, start_s, self._last_end_s))
        return timed


@contextmanager
def _single_threaded() -> Iterator[None]:
    """While a model is loaded: give it one thread.

    The threads of ONNX Runtime wait by spinning: two of them take twice the
    processor time and, beside other work, more of the clock's as well.
    """
    name = "MOONSHINE_ORT_SINGLE_THREAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
