# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""AppAPI's part in the life of the app, in its order and with its time-outs."""

import asyncio
from dataclasses import replace

import httpx

from devkit.container import HARP_KEY, Container
from devkit.nextcloud import NextcloudStandIn
from devkit.talk import ENABLE_TIMEOUT_S, TalkClient

HEARTBEAT_POLLS = 600
HEARTBEAT_POLL_S = 0.1
"AppAPI asks once a second."


class InstallFailedError(Exception):
    """What the administrator would read."""


class AppApi:
    """Installs, enables, disables, updates and removes one container."""

    def __init__(self, nextcloud: NextcloudStandIn, container: Container) -> None:
        self._nextcloud = nextcloud
        self.container = container
        nextcloud.app_url = container.url
        if container.mode == "harp":
            headers = {
                "harp-shared-key": HARP_KEY,
                "ex-app-port": str(container.port),
                "ex-app-host": "127.0.0.1",
            }
            nextcloud.credentials = replace(
                nextcloud.credentials, proxy_headers=headers
            )

    @property
    def _talk(self) -> TalkClient:
        return self._nextcloud.talk

    async def install(self) -> None:
        """From nothing to enabled; raises `InstallFailedError`."""
        if self.container.mode == "harp":
            await self._install_certificates()
        await self._start()
        # Enabled in its database before `/init`: Talk may call from now on.
        self._nextcloud.enabled = True
        self._nextcloud.await_enabling()
        response = await self._talk.init()
        if response.status_code >= 400:
            raise InstallFailedError(f"init answers {response.status_code}")
        await self._nextcloud.wait_enabled()
        if self._nextcloud.record.errors:
            raise InstallFailedError(self._nextcloud.record.errors[-1])

    async def disable(self) -> None:
        """Errors of the app are only logged; the container is stopped."""
        await self._talk.set_enabled(False)
        self._nextcloud.enabled = False
        await self.container.stop()

    async def enable(self) -> None:
        """Of an app that was disabled: no `/init`."""
        await self._start()
        self._nextcloud.enabled = True
        response = await self._talk.set_enabled(True)
        if response.json()["error"]:
            raise InstallFailedError(response.json()["error"])

    async def update(self, version: str) -> None:
        """A container of the next version on the same port, secret and volume."""
        await self.disable()
        self._nextcloud.credentials = replace(
            self._nextcloud.credentials, app_version=version
        )
        self.container.environment["APP_VERSION"] = version
        await self.install()

    async def restart_container(self) -> None:
        """Somebody restarts Docker: nothing is called."""
        await self.container.stop()
        await self.container.start()
        await self.container.wait_healthy()

    async def uninstall(self) -> None:
        """Disable and remove; the volume stays unless it is removed as well."""
        await self.disable()

    async def _install_certificates(self) -> None:
        """Started, given certificates, stopped: seconds before the real start."""
        await self.container.start()
        await asyncio.sleep(0.3)
        await self.container.stop()

    async def _answers_heartbeat(self) -> bool:
        try:
            response = await self._talk.heartbeat()
        except httpx.TransportError:
            return False
        return response.status_code == 200 and response.json()["status"] == "ok"

    async def _start(self) -> None:
        await self.container.start()
        await self.container.wait_healthy()
        async with asyncio.timeout(ENABLE_TIMEOUT_S):
            for _ in range(HEARTBEAT_POLLS):
                if await self._answers_heartbeat():
                    return
                await asyncio.sleep(HEARTBEAT_POLL_S)
        raise InstallFailedError("heartbeat check failed")
