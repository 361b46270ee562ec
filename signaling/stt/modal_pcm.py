# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Raw PCM on Modal, as kyutai_modal serves it in front of the Rust server. Pure."""

from collections.abc import Iterable

from signaling.stt.json_text import JsonTextDecoder
from signaling.stt.wire import FRAME_BYTES, AudioFormat, Limits


class ModalPcmWire:
    """Binary f32 little-endian samples in, JSON tokens out."""

    audio = AudioFormat.PCM_F32
    # Modal ends the request after 30 min.
    limits = Limits(connection_s=28 * 60, idle_s=30.0)
    waits_for_ready = False
    silence: bytes | None = bytes(FRAME_BYTES)

    def encode_audio(self, data: bytes) -> bytes:
        """As it is; the length must be a multiple of 4 or the session dies."""
        return data

    def encode_end(self) -> Iterable[bytes]:
        """The service knows no end but silence."""
        return ()

    def new_decoder(self) -> JsonTextDecoder:
        """Tokens are whole words here, without spaces."""
        return JsonTextDecoder()
