# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Bodies of every kind: understood, or refused by one kind of error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.schemas import (
    LeaveRequest,
    SchemaError,
    SetLanguageRequest,
    TranscribeRequest,
    parse_leave,
    parse_occ_options,
    parse_set_language,
    parse_transcribe,
)

PARSERS = (parse_transcribe, parse_set_language, parse_leave)

json_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["roomToken", "ncSessionId", "enable", "langId", "x"]),
            children,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("parse", [*PARSERS, parse_occ_options])
@given(body=st.binary(max_size=200))
def test_any_bytes(parse: object, body: bytes) -> None:
    """Nothing but `SchemaError` comes out."""
    assert callable(parse)
    try:
        parse(body)
    except SchemaError:
        return


@pytest.mark.parametrize("parse", PARSERS)
@given(tree=json_trees)
def test_any_json(parse: object, tree: object) -> None:
    """A result holds only what a row can hold."""
    assert callable(parse)
    try:
        result = parse(json.dumps(tree).encode())
    except SchemaError:
        return
    assert 0 < len(result.room_token) <= 64
    assert result.room_token.isprintable()


@given(options=json_trees)
def test_any_options_of_an_occ_command(options: object) -> None:
    """An object, whatever AppAPI made of it."""
    body = json.dumps({"occ": {"arguments": None, "options": options}}).encode()
    try:
        # As text: one NaN is not another.
        assert json.dumps(parse_occ_options(body)) == json.dumps(options or {})
    except SchemaError:
        assert options
        assert not isinstance(options, dict)


def test_understood_bodies() -> None:
    """Talk's own."""
    on = b'{"roomToken":"r","ncSessionId":"s","enable":true,"langId":"fr"}'
    assert parse_transcribe(on) == TranscribeRequest("r", "s", True, "fr")
    language = b'{"roomToken":"r","langId":"en_GB"}'
    assert parse_set_language(language) == SetLanguageRequest("r", "en")
    assert parse_leave(b'{"roomToken":"r"}') == LeaveRequest("r")
