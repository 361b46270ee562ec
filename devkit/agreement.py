# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Append-only words from hypotheses that are revised: no word is repeated or moved."""

from difflib import SequenceMatcher
from itertools import takewhile

LOOK_AHEAD_WORDS = 2
"""How far behind their old place already sent words are looked for."""

MARKS = ",.;:!?"


class WordAgreement:
    """Follows the growing text of one utterance and releases words that hold.

    A word is released when two successive hypotheses agree on it and another word
    follows it in the newer one. What was released stays: if a later hypothesis reads
    it differently, the reading continues behind the place where the two line up.
    """

    def __init__(self) -> None:
        self._sent: list[str] = []
        self._previous: list[str] = []

    def update(self, hypothesis: str) -> list[str]:
        """Words that hold since this hypothesis."""
        words = _words(hypothesis)
        open_now = words[self._position(words) :]
        open_before = self._previous[self._position(self._previous) :]
        agreed = takewhile(
            lambda pair: _plain(pair[0]) == _plain(pair[1]),
            zip(open_now, open_before, strict=False),
        )
        # A mark that only one of the two has belongs to where the audio broke off.
        held = [new if new == old else new.rstrip(MARKS) for new, old in agreed]
        # The last word of a hypothesis is often cut off by the end of the audio.
        self._previous = words
        return self._release(held[: max(len(open_now) - 1, 0)])

    def complete(self, hypothesis: str) -> list[str]:
        """The rest of the utterance, from its final text; call it once."""
        words = _words(hypothesis)
        return self._release(words[self._position(words) :])

    def _release(self, words: list[str]) -> list[str]:
        self._sent += words
        return words

    def _position(self, words: list[str]) -> int:
        """Index of the first word of this hypothesis that was not sent in some form."""
        sent = [_plain(word) for word in self._sent]
        seen = [_plain(word) for word in words]
        if seen[: len(sent)] == sent:
            return len(sent)
        # A repeated phrase further on must not pass for the words already sent.
        window = seen[: len(sent) + LOOK_AHEAD_WORDS]
        blocks = SequenceMatcher(None, sent, window, autojunk=False)
        matches = [block for block in blocks.get_matching_blocks() if block.size]
        sent_end = window_end = 0
        if matches:
            sent_end = matches[-1].a + matches[-1].size
            window_end = matches[-1].b + matches[-1].size
        return window_end + _words_worth(sent[sent_end:], seen[window_end:])


def _words_worth(sent: list[str], seen: list[str]) -> int:
    """How many words of `seen` stand for the ones sent: about as many letters."""
    letters = sum(map(len, sent))
    count = used = 0
    for word in seen:
        if used + len(word) / 2 > letters:
            break
        used += len(word)
        count += 1
    return count if sent else 0


def _words(text: str) -> list[str]:
    """Words of a text with their punctuation; a lone mark is no word."""
    return [word for word in text.split() if _plain(word)]


def _plain(word: str) -> str:
    """What makes two words the same: letters and digits, in one case."""
    return "".join(char for char in word.casefold() if char.isalnum())
