# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A caption: a few whole words on their way to recipients, never changed later."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caption:
    """Whole words of one speaker, without surrounding white space, never empty."""

    text: str
    language: str
    "Talk's language id; chooses separator and direction, nothing else."
    speaker: str
    "HPB session id of the publisher."
    started_s: float
    "Monotonic seconds at which its first word came from speech-to-text."
