# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The life of the app as AppAPI drives it, in its order, in each mode of deployment.

After each step somebody presses CC, and captions come.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devkit.appapi import AppApi
from devkit.container import MODES, Container, Mode
from devkit.image import ImageFiles
from devkit.participant import Viewer
from devkit.people import Trouble
from devkit.scripted import NumberedEngine
from devkit.speaker import Speaker
from devkit.surroundings import Surroundings
from devkit.tones import spoken_words

pytestmark = pytest.mark.timeout(180)

ANSWER_S = 3.0
"Talk waits no longer."
NEXT_VERSION = "9999.1.0"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the play takes place."""

    surroundings: Surroundings
    app_api: AppApi

    async def caption_a_call(self, room: str) -> None:
        """Two people in a call; one counts, the other one reads it."""
        nextcloud = self.surroundings.nextcloud
        audio = spoken_words(0, range(1, 30), 48_000)
        async with (
            Viewer(nextcloud, room, "Vera") as viewer,
            Speaker(nextcloud, room, "Ann", audio) as speaker,
        ):
            await viewer.enter_call()
            await speaker.enter_call()
            speaker.speak()
            await viewer.press_cc()
            await viewer.wait_for_captions(1)


@asynccontextmanager
async def staged(image: ImageFiles, folder: Path, mode: Mode) -> AsyncIterator[Stage]:
    """Everything there, nothing installed."""
    async with Surroundings(
        NumberedEngine(), "modal-pcm", simulate_hpb=True
    ) as surroundings:
        container = Container(
            image, surroundings.nextcloud, folder, mode, surroundings.app_environment
        )
        try:
            yield Stage(surroundings, AppApi(surroundings.nextcloud, container))
        finally:
            await container.stop()


@pytest.mark.parametrize("mode", MODES)
async def test_whole_life(image: ImageFiles, open_folder: Path, mode: Mode) -> None:
    """Install, disable, enable without init, restart, update, uninstall, install."""
    async with staged(image, open_folder, mode) as stage:
        app_api, nextcloud = stage.app_api, stage.surroundings.nextcloud
        await app_api.install()
        assert nextcloud.record.progress == [100]
        await stage.caption_a_call("installed")

        await app_api.disable()
        assert not await app_api.container.healthy()
        await app_api.enable()
        assert nextcloud.record.progress == [100]
        await stage.caption_a_call("enabled")

        await app_api.restart_container()
        await stage.caption_a_call("restarted")

        await app_api.update(NEXT_VERSION)
        assert nextcloud.record.progress == [100, 100]
        await stage.caption_a_call("updated")

        await app_api.uninstall()
        await app_api.install()
        await stage.caption_a_call("installed-again")
        assert not nextcloud.record.refused
        assert "Traceback" not in app_api.container.log


async def test_update_over_an_old_volume(image: ImageFiles, open_folder: Path) -> None:
    """The database of an earlier version is brought up to date by the start."""
    async with staged(image, open_folder, "direct") as stage:
        container = stage.app_api.container
        await container.start("migrate", "calls", "0001", "--verbosity", "0")
        assert await container.wait() == 0
        # The start script has prepared the database before; go back on purpose.
        assert (open_folder / "volume" / "live_transcription.sqlite3").exists()
        await stage.app_api.install()
        await stage.caption_a_call("updated")


async def test_slow_nextcloud(image: ImageFiles, open_folder: Path) -> None:
    """`/init` answers at once; Nextcloud's slowness stays Nextcloud's."""
    async with staged(image, open_folder, "harp") as stage:
        nextcloud = stage.surroundings.nextcloud
        nextcloud.trouble = Trouble(delay_s=4.0)
        await stage.app_api.install()
        nextcloud.trouble = Trouble(delay_s=1.0)
        await stage.caption_a_call("slow")


@pytest.mark.parametrize(
    "trouble",
    [Trouble(status=503), Trouble(status=500), Trouble(ocs_status=996)],
    ids=["maintenance", "error", "ocs-error"],
)
async def test_nextcloud_that_answers_errors(
    image: ImageFiles, open_folder: Path, trouble: Trouble
) -> None:
    """Progress is reported again until Nextcloud takes it; nothing else is lost."""
    async with staged(image, open_folder, "direct") as stage:
        nextcloud = stage.surroundings.nextcloud
        nextcloud.trouble = trouble
        async with asyncio.TaskGroup() as tasks:
            installing = tasks.create_task(stage.app_api.install())
            async with asyncio.timeout(20):
                # Asked whether we are enabled, and told that we are initialised.
                while nextcloud.record.troubled < 3:  # noqa: ASYNC110 - a plain count
                    await asyncio.sleep(0.05)
            assert not installing.done()
            nextcloud.trouble = Trouble()
        assert nextcloud.record.progress == [100]
        await stage.caption_a_call("recovered")
        assert "Nextcloud does not take our progress" in stage.app_api.container.log


async def test_restart_while_nextcloud_is_away(
    image: ImageFiles, open_folder: Path
) -> None:
    """Nobody says that we are enabled: Talk gets 503 at once, then it is found out."""
    async with staged(image, open_folder, "docker-socket-proxy") as stage:
        nextcloud = stage.surroundings.nextcloud
        await stage.app_api.install()
        nextcloud.trouble = Trouble(status=502)
        await stage.app_api.restart_container()
        async with asyncio.timeout(ANSWER_S):
            response = await nextcloud.talk.transcribe("room", "session")
        assert response.status_code == 503
        assert response.json() == {"error": "the app is not enabled"}
        nextcloud.trouble = Trouble()
        async with asyncio.timeout(20):
            # The app asks Nextcloud again, with pauses that grow.
            while (await nextcloud.talk.languages()).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await stage.caption_a_call("back")


async def test_enabled_without_any_configuration(
    image: ImageFiles, open_folder: Path
) -> None:
    """An app that lacks settings installs; CC says which ones it lacks."""
    async with staged(image, open_folder, "direct") as stage:
        container = stage.app_api.container
        for name in stage.surroundings.app_environment:
            container.environment[name] = ""
        await stage.app_api.install()
        response = await stage.surroundings.nextcloud.talk.transcribe("r", "s")
        assert response.status_code == 503
        assert "LT_HPB_URL" in response.json()["error"]
