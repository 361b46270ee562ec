# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Environment variables become values; a wrong one is named, never repeated if secret."""

import math

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from livetranscription import environment

NAME = "LT_TEST_VALUE"
each_example_sets_it = hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("value", [None, "", "  ", "\n"])
def test_unset_empty_and_blank_give_the_default(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if value is not None:
        monkeypatch.setenv(NAME, value)
    assert environment.text(NAME) == ""
    assert environment.text(NAME, "given") == "given"
    assert environment.flag(NAME, True) is True
    assert environment.number(NAME, 2.5, 0, 9) == 2.5
    assert environment.whole_number(NAME, 3, 0, 9) == 3
    assert environment.choice(NAME, "a", ("a", "b")) == "a"
    assert environment.url(NAME, ("https",)) == ""


@pytest.mark.parametrize("value", ["$HOME", "$ecret", "${A}", "a b", "#1", "'q'", "%s"])
def test_secrets_are_taken_as_they_stand(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(NAME, value)
    assert environment.text(NAME) == value


@each_example_sets_it
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_any_text_is_only_stripped(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    assert environment.text(NAME) == value.strip()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", True),
        ("TRUE", True),
        (" Yes ", True),
        ("1", True),
        ("on", True),
        ("false", False),
        ("No", False),
        ("0", False),
        ("OFF", False),
    ],
)
def test_flags_in_any_usual_spelling(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv(NAME, value)
    assert environment.flag(NAME, not expected) is expected


@pytest.mark.parametrize("value", ["2", "ja", "truee", "null"])
def test_other_flags_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} must be true or false"):
        environment.flag(NAME)


@each_example_sets_it
@given(st.floats(allow_nan=False))
def test_numbers_lie_within_their_limits(
    monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    monkeypatch.setenv(NAME, repr(value))
    if 1 <= value <= 20:
        assert environment.number(NAME, 5, 1, 20) == value
    else:
        with pytest.raises(ImproperlyConfigured, match="must lie between 1 and 20"):
            environment.number(NAME, 5, 1, 20)


@pytest.mark.parametrize("value", ["many", "1,5", "0x10", "nan", "1 2"])
def test_other_numbers_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        environment.number(NAME, 5, 1, math.inf)


def test_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "12")
    assert environment.whole_number(NAME, 5, 1, 20) == 12
    monkeypatch.setenv(NAME, "12.5")
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} must be a whole number"):
        environment.whole_number(NAME, 5, 1, 20)


def test_choices_ignore_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "Modal-PCM")
    assert environment.choice(NAME, "auto", ("auto", "modal-pcm")) == "modal-pcm"
    monkeypatch.setenv(NAME, "wav")
    with pytest.raises(ImproperlyConfigured, match="must be one of auto, modal-pcm"):
        environment.choice(NAME, "auto", ("auto", "modal-pcm"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://hpb.example.com/", "https://hpb.example.com"),
        ("wss://[::1]:8443/spreed", "wss://[::1]:8443/spreed"),
    ],
)
def test_urls_lose_their_last_slash(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    monkeypatch.setenv(NAME, value)
    assert environment.url(NAME, ("https", "wss")) == expected


@pytest.mark.parametrize(
    "value",
    [
        "hpb.example.com",
        "ftp://user:hidden@hpb.example.com",
        "https://",
        "https:///hidden",
        "https://hpb:hidden",
        "https://hpb:99999/hidden",
        "https://hpb:0/hidden",
        "https://[::1/hidden",
    ],
)
def test_wrong_urls_are_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=NAME) as refusal:
        environment.url(NAME, ("https", "wss"))
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", ""), ("/captions", "/captions"), ("/a/b-c/", "/a/b-c")],
)
def test_paths_lose_their_last_slash(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: str
) -> None:
    monkeypatch.setenv(NAME, value)
    assert environment.path(NAME) == expected


@pytest.mark.parametrize(
    "value",
    ["captions", "/", "//evil.example", "https://a/b", "/a b", "/a?b", "/a/../"],
)
def test_wrong_paths_are_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        environment.path(NAME)
