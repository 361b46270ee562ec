# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A web application on a port of this machine."""

from aiohttp import web

from devkit.program import HOST


async def listen(
    application: web.Application, port: int = 0, *, shutdown_timeout_s: float = 60.0
) -> tuple[web.AppRunner, int]:
    """Start it; returns what ends it (`cleanup`) and the port, a free one for 0."""
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=shutdown_timeout_s
    )
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    return runner, runner.addresses[0][1]
