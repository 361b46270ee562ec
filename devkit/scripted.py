# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Engines that say what a test wrote down: exact words for exact pieces of audio."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from devkit.engine import RecognisedWord, Reframer, Samples, loudness
from devkit.tones import (
    HOP_S,
    HOP_SAMPLES,
    NUMBERS,
    WINDOW_SAMPLES,
    WORD_S,
    dominant_frequency,
    heard_word,
)

VOICED_LEVEL = 0.01
# -40 dBFS
SAME_VOICE_HZ = 40.0
FINGERPRINT_HOPS = 10
# 0.2 s of voiced audio tell who is speaking
FORGET_S = 0.5
# silence after which a tone word that was begun is over
FORWARD_WORDS = 110
CERTAIN_S = 0.1
# so much of a tone word must arrive


@dataclass(frozen=True, slots=True)
class Script:
    """What one voice says: a word for each stretch of its voiced audio."""

    words: tuple[str, ...]
    every_s: float = 0.3
    also_in_silence: bool = False
    # count all audio, not the voiced alone


def by_frequency(
    scripts: Mapping[float, Script],
) -> Callable[[Samples], Script | None]:
    """Chooses the script whose frequency in Hz is the strongest of the audio."""

    def choose(voiced: Samples) -> Script | None:
        heard_hz = dominant_frequency(voiced)
        nearest_hz = min(scripts, key=lambda hz: abs(hz - heard_hz), default=0.0)
        if abs(nearest_hz - heard_hz) > SAME_VOICE_HZ:
            return None
        return scripts.get(nearest_hz)

    return choose


class ScriptedEngine:
    """Says the words of a script, one for each `every_s` of voiced audio.

    The script is chosen by its sound, once per stream: `choose` gets the first stretch
    of voiced audio. By default scripts belong to tones; a test with recordings hands
    in a function of its own. The position in a script outlives a stream, so that a
    speaker whose connection is renewed goes on where the last one stopped.
    """

    blocking = False

    def __init__(
        self,
        scripts: Mapping[float, Script] | Script,
        choose: Callable[[Samples], Script | None] | None = None,
    ) -> None:
        if isinstance(scripts, Script):
            only = scripts
            self._choose: Callable[[Samples], Script | None] = lambda _: only
        else:
            self._choose = choose or by_frequency(scripts)
        self._said: dict[Script, int] = {}
        self.unknown_voices = 0
        # streams with a sound that belongs to no script

    def open(self) -> "ScriptedRecogniser":
        """A recogniser at the start of a new stream."""
        return ScriptedRecogniser(self)

    def script_of(self, voiced: Samples) -> Script | None:
        """The script for this sound; counts unknown ones."""
        script = self._choose(voiced)
        self.unknown_voices += script is None
        return script

    def next_word(self, script: Script) -> str | None:
        """The next word of a script, None behind its end."""
        position = self._said.get(script, 0)
        self._said[script] = position + 1
        return script.words[position] if position < len(script.words) else None


class ScriptedRecogniser:
    """One stream that follows a script."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self._engine = engine
        self._reframer = Reframer(HOP_SAMPLES)
        self._position = 0
        self._script: Script | None = None
        self._unknown = False
        self._stretch: list[tuple[float, Samples]] = []
        # hops of the stretch that is filling, with their start times

    def feed(self, samples: Samples) -> list[RecognisedWord]:
        """A word for each stretch that is complete now."""
        words: list[RecognisedWord] = []
        for hop in self._reframer.push(samples):
            words += self._hop(hop)
        return words

    def finish(self) -> list[RecognisedWord]:
        """Nothing: a stretch that is not full has no word."""
        return []

    def _hop(self, hop: Samples) -> list[RecognisedWord]:
        start_s = self._position * HOP_S
        self._position += 1
        counts_silence = self._script is not None and self._script.also_in_silence
        if self._unknown or (loudness(hop) < VOICED_LEVEL and not counts_silence):
            return []
        self._stretch.append((start_s, hop))
        if self._script is None and not self._recognise_voice():
            return []
        return self._say()

    def _recognise_voice(self) -> bool:
        """True once the script is known."""
        if len(self._stretch) < FINGERPRINT_HOPS:
            return False
        voiced = np.concatenate([hop for _, hop in self._stretch])
        self._script = self._engine.script_of(voiced)
        self._unknown = self._script is None
        return not self._unknown

    def _say(self) -> list[RecognisedWord]:
        if self._script is None:
            return []
        hops = max(1, round(self._script.every_s / HOP_S))
        words: list[RecognisedWord] = []
        while len(self._stretch) >= hops:
            start_s, end_s = self._stretch[0][0], self._stretch[hops - 1][0] + HOP_S
            del self._stretch[:hops]
            text = self._engine.next_word(self._script)
            if text is not None:
                words.append(RecognisedWord(text, start_s, end_s))
        return words


class NumberedEngine:
    """Understands speech made of tones (`devkit.tones`): `w1 w2 w3` or a script.

    A word is bound to its sound. Audio that never arrives is a missing number, audio
    that arrives twice a repeated one, in any stream and across streams.
    """

    blocking = False

    def __init__(self, scripts: Mapping[int, Sequence[str]] | None = None) -> None:
        self._scripts = scripts or {}
        self._last: dict[int, int] = {}

    def open(self) -> "NumberedRecogniser":
        """A recogniser at the start of a new stream."""
        return NumberedRecogniser(self)

    def text_of(self, voice: int, heard: int) -> str | None:
        """The word of a voice whose number modulo 144 was heard; None behind the end.

        The full number is the one nearest to the last: up to 110 words on (half a
        minute of lost audio) or 33 words back (audio that was sent again).
        """
        last = self._last.get(voice, 0)
        step = (heard - last) % NUMBERS
        number = last + (step if step <= FORWARD_WORDS else step - NUMBERS)
        self._last[voice] = number
        script = self._scripts.get(voice)
        if script is None:
            return f"w{number}"
        return script[number - 1] if 0 < number <= len(script) else None


class NumberedRecogniser:
    """One stream of tone words."""

    def __init__(self, engine: NumberedEngine) -> None:
        self._engine = engine
        self._reframer = Reframer(HOP_SAMPLES)
        self._window: Samples = np.zeros(WINDOW_SAMPLES, dtype=np.float32)
        self._position = 0
        self._current: tuple[int, int] | None = None
        self._heard_hops = 0
        self._silent_hops = 0
        self._start_s = 0.0
        self._said = 0

    def feed(self, samples: Samples) -> list[RecognisedWord]:
        """Words whose first tenth of a second has arrived."""
        words: list[RecognisedWord] = []
        for hop in self._reframer.push(samples):
            self._window = np.concatenate([self._window[HOP_SAMPLES:], hop])
            self._position += 1
            words += self._hear(heard_word(self._window))
        return words

    def finish(self) -> list[RecognisedWord]:
        """Nothing: what was heard too briefly is no word."""
        return []

    def _hear(self, heard: tuple[int, int] | None) -> list[RecognisedWord]:
        if heard is None:
            self._silent_hops += 1
            if self._silent_hops * HOP_S >= FORGET_S:
                self._current = None
            return []
        self._silent_hops = 0
        if heard != self._current:
            self._current = heard
            self._heard_hops = self._said = 0
            self._start_s = max(0.0, self._position - 2) * HOP_S
        self._heard_hops += 1
        # A gap within a word is a lost packet; twice its length is the word twice.
        if self._heard_hops * HOP_S < self._said * WORD_S + CERTAIN_S:
            return []
        start_s = self._start_s + self._said * WORD_S
        self._said += 1
        text = self._engine.text_of(*heard)
        return [] if text is None else [RecognisedWord(text, start_s, start_s + WORD_S)]
