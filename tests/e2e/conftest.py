# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The real HPB is a must here."""

import pytest

from devkit.realhpb import available
from tests.conftest import missing


@pytest.fixture(autouse=True)
def _real_hpb() -> None:
    """Name what is missing; fail where everything has to be there."""
    lacking = available()
    if lacking is not None:
        missing(lacking)
