# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""JSON text frames of the Modal services: tokens, pauses, pings. Pure."""

import json

from signaling.stt.events import (
    Alive,
    Garbage,
    Pause,
    Piece,
    StreamFailed,
    SttEvent,
)

MAX_MESSAGE_CHARS = 64 * 1024


class JsonTextDecoder:
    """Decodes the text side that both Modal services share."""

    def __init__(self) -> None:
        self._in_pause = False

    def decode(self, data: bytes | str) -> list[SttEvent]:
        """Events of one message; `vad_end` counts once per pause, not per frame."""
        if isinstance(data, bytes) or len(data) > MAX_MESSAGE_CHARS:
            return [Garbage()]
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            return [Garbage()]
        if not isinstance(message, dict):
            return [Garbage()]
        match message.get("type"):
            case "token":
                return self._token(message.get("text"))
            case "vad_end":
                return self._pause()
            case "error":
                return [StreamFailed("the server reports an error", retryable=True)]
            case "ping" | "ready":
                return [Alive()]
            case _:
                return [Garbage()]

    def _token(self, text: object) -> list[SttEvent]:
        if not isinstance(text, str):
            return [Garbage()]
        self._in_pause = False
        # JSON can name half a surrogate pair, which no UTF-8 message could carry on.
        text = text.encode("utf-8", "replace").decode("utf-8")
        return [Piece(text)] if text else [Alive()]

    def _pause(self) -> list[SttEvent]:
        if self._in_pause:
            return [Alive()]
        self._in_pause = True
        return [Pause()]
