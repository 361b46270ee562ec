# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The internal client's hello is signed as the HPB checks it."""

from signaling.hpb.auth import hello_parameters


def test_token_is_the_hmac_of_the_random_text_under_the_secret() -> None:
    """Value computed with `openssl dgst -sha256 -hmac`, not with our own code."""
    hello = hello_parameters("secret", "0123456789abcdef0123456789abcdef", "https://c")
    assert hello.token == (
        "4048002ec5ff2ec0ea0d5a8cc577d5542744d62cdfb71f677645c382ec3373f8"
    )
    assert hello.random == "0123456789abcdef0123456789abcdef"
    assert hello.backend == "https://c"


def test_hello_hides_its_secrets() -> None:
    """Neither the token nor the random text it signs appear in a log line."""
    hello = hello_parameters("secret", "r" * 32, "https://cloud.example.com")
    assert hello.token not in repr(hello)
    assert hello.random not in repr(hello)
    assert "cloud.example.com" in repr(hello)
