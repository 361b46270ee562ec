"""Fixtures and rules used by more than one folder."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """A test cannot run here: named in the summary, a failure where CI runs."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and here nothing may be left out")
    pytest.skip(f"{what} is missing; `sudo sh devkit/packages.sh` installs it")
