# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Messages that no client should stumble over: broken, absurd, hostile."""

import itertools
import json

import msgpack

DEPTH = 3_000

JSON_GARBAGE: tuple[str | bytes, ...] = (
    "",
    '{"type":"token"',
    "null",
    "[]",
    "17",
    '"token"',
    "NaN",
    json.dumps({"type": "token"}),
    json.dumps({"type": "token", "text": 17}),
    json.dumps({"type": "token", "text": ["a"]}),
    json.dumps({"type": "token", "text": None}),
    json.dumps({"type": "token", "text": ""}),
    json.dumps({"type": "token", "text": " \u0000\u001b "}),
    json.dumps({"type": ["token"], "text": "list"}),
    json.dumps({"type": "unheard_of", "text": "x"}),
    json.dumps({"text": "untyped"}),
    '{"type":"token","text":"\\ud800"}',
    '{"type":' + "9" * 5_000 + "}",
    "[" * DEPTH + "]" * DEPTH,
    '{"a":' * DEPTH,
    b"\x00\xff\xfe",
    b"",
)

MSGPACK_GARBAGE: tuple[str | bytes, ...] = (
    b"",
    b"\xc1",
    b"\x81\xa4type",
    "hello",
    msgpack.packb(None),
    msgpack.packb([1, 2]),
    msgpack.packb("Word"),
    msgpack.packb({}),
    msgpack.packb({"type": 3}),
    msgpack.packb({"type": "Word"}),
    msgpack.packb({"type": "Word", "text": 5, "start_time": 0.0}),
    msgpack.packb({"type": "Word", "text": "", "start_time": "soon"}),
    msgpack.packb({"type": "Step", "prs": "x", "step_idx": 1, "buffered_pcm": None}),
    msgpack.packb({"type": "Step", "prs": [], "step_idx": 1, "buffered_pcm": 0}),
    msgpack.packb({"type": "Marker", "id": "seven"}),
    msgpack.packb({"type": "EndWord", "stop_time": None}),
    msgpack.packb({"type": "Unheard", "of": 1}),
    msgpack.packb({1: "type"}),
    msgpack.packb(msgpack.ExtType(5, b"\x00" * 9)),
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xffshort",
    b"\x91" * DEPTH + b"\xc0",
    msgpack.packb({"type": "Word", "text": b"\xff\xfe", "start_time": 0.0}),
)


def endless_garbage(packed: bool) -> "itertools.cycle[str | bytes]":
    """Hostile messages for a MessagePack wire or a JSON wire, over and over."""
    return itertools.cycle(MSGPACK_GARBAGE if packed else JSON_GARBAGE)
