# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Ogg Opus pages from untouched packets (RFC 3533, RFC 7845), one per frame. Pure."""

import struct
import zlib

from signaling.audio.packet import Frame

PRE_SKIP = 312
"48 kHz samples a decoder throws away at the start; libopus' usual look-ahead."
CHANNELS = 1
"Decoders mix down by themselves; a mono header fits every speaker."
FIRST_PAGE = 0x02
LAST_PAGE = 0x04
VENDOR = b"live_transcription"

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class OggMuxer:
    """One logical stream, for one connection: a second header on it would break it."""

    def __init__(self, serial: int) -> None:
        self._serial = serial
        self._sequence = 0
        self._granule = PRE_SKIP

    def start(self) -> list[bytes]:
        """The two header pages."""
        head = struct.pack(
            "<8sBBHIhB", b"OpusHead", 1, CHANNELS, PRE_SKIP, 48_000, 0, 0
        )
        tags = struct.pack("<8sI", b"OpusTags", len(VENDOR)) + VENDOR + bytes(4)
        return [self._page((head,), 0, FIRST_PAGE), self._page((tags,), 0, 0)]

    def frame(self, frame: Frame) -> bytes:
        """One page with the frame's packets."""
        self._granule += frame.samples
        return self._page(frame.parts, self._granule, 0)

    def end(self) -> list[bytes]:
        """An empty page that ends the stream."""
        return [self._page((), self._granule, LAST_PAGE)]

    def _page(self, packets: tuple[bytes, ...], granule: int, flags: int) -> bytes:
        lacing = bytearray()
        for packet in packets:
            full, rest = divmod(len(packet), 255)
            lacing += b"\xff" * full
            lacing.append(rest)
        header = struct.pack(
            "<4sBBQIIIB",
            b"OggS",
            0,
            flags,
            granule,
            self._serial,
            self._sequence,
            0,
            len(lacing),
        )
        self._sequence += 1
        page = bytearray(b"".join((header, lacing, *packets)))
        page[22:26] = struct.pack("<I", ogg_crc(bytes(page)))
        return bytes(page)


class PlainMuxer:
    """Frames of PCM need no container."""

    def start(self) -> list[bytes]:
        """Nothing goes before the first frame."""
        return []

    def frame(self, frame: Frame) -> bytes:
        """The block itself."""
        return frame.parts[0]

    def end(self) -> list[bytes]:
        """Nothing goes after the last frame."""
        return []


def ogg_crc(data: bytes) -> int:
    """CRC-32 of RFC 3533 section 6: polynomial 0x04c11db7, no reflection, no inversion.

    zlib computes the reflected and inverted kind in C. Mirroring the bits of every
    byte turns one into the other; the inversion of the start value is undone by
    inverting the first four bytes. A page always has more than those.
    """
    mirrored = bytearray(data.translate(_MIRRORED))
    for i in range(4):
        mirrored[i] ^= 0xFF
    crc = zlib.crc32(mirrored) ^ 0xFFFFFFFF
    return int.from_bytes(crc.to_bytes(4, "little").translate(_MIRRORED), "big")
