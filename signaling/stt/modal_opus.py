# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Ogg Opus on Modal, as kyutai_modal's Python service takes it. Pure."""

from collections.abc import Iterable

from signaling.stt.json_text import JsonTextDecoder
from signaling.stt.wire import AudioFormat, Limits


class ModalOpusWire:
    """A continuous Ogg Opus stream in, JSON tokens with leading spaces out."""

    audio = AudioFormat.OGG
    # The service stops listening at 1.5 MB; Modal ends the request after 10 min.
    limits = Limits(connection_s=9 * 60, connection_bytes=1_400_000, idle_s=10.0)
    waits_for_ready = False
    silence: bytes | None = None

    def encode_audio(self, data: bytes) -> bytes:
        """One page per message: the service takes one step per message in silence."""
        return data

    def encode_end(self) -> Iterable[bytes]:
        """The end-of-stream page is the muxer's part."""
        return ()

    def new_decoder(self) -> JsonTextDecoder:
        """Tokens are pieces of words here."""
        return JsonTextDecoder()
