# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The table of wires. Pure."""

from signaling.stt.modal_opus import ModalOpusWire
from signaling.stt.modal_pcm import ModalPcmWire
from signaling.stt.moshi import MoshiWire
from signaling.stt.wire import Wire

WIRES: dict[str, Wire] = {
    "modal-pcm": ModalPcmWire(),
    "modal-opus": ModalOpusWire(),
    "moshi": MoshiWire(),
}
