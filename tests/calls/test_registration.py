# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What Nextcloud shows of us, against the stand-in."""

from collections.abc import AsyncIterator

import pytest
from pytest_django.fixtures import Settings

from calls import registration
from devkit.nextcloud import NextcloudStandIn
from devkit.talk import AppCredentials
from tests.calls.conftest import SECRET

KEPT = {
    ("ui/top-menu", "operators"),
    ("ui/script", "operators"),
    ("occ_command", "live_transcription:calls"),
    ("occ_command", "live_transcription:doctor"),
}


@pytest.fixture
async def stand_in(settings: Settings) -> AsyncIterator[NextcloudStandIn]:
    """A Nextcloud that has enabled the app."""
    async with NextcloudStandIn(AppCredentials(SECRET)) as nextcloud:
        settings.NEXTCLOUD_URL = nextcloud.url
        nextcloud.enabled = True
        yield nextcloud


async def test_entries_come_and_go(stand_in: NextcloudStandIn) -> None:
    """Registering twice is fine."""
    await registration.register()
    await registration.register()
    assert set(stand_in.record.entries) == KEPT
    assert stand_in.record.entries["ui/top-menu", "operators"]["adminRequired"] == 1
    await registration.remove()
    assert stand_in.record.entries == {}


async def test_a_nextcloud_without_entries_is_no_trouble(
    stand_in: NextcloudStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    stand_in.trouble.ocs_status = 404
    await registration.register()
    await registration.remove()
    assert caplog.text.count("OCS status 404") == 2 * len(KEPT)


async def test_a_slow_nextcloud_does_not_hold_up_the_end(
    stand_in: NextcloudStandIn,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registration, "REMOVE_TIMEOUT_S", 0.1)
    stand_in.trouble.delay_s = 1.0
    await registration.remove()
    assert "too slow" in caplog.text
