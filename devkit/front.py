# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Nextcloud as browsers see it: a login, the menu page, and both proxies to the app."""

from types import TracebackType
from typing import Self

from aiohttp import web

from devkit.harpproxy import HarpProxy
from devkit.listening import listen
from devkit.nextcloud import NextcloudStandIn
from devkit.phpproxy import PhpProxy
from devkit.program import HOST
from devkit.routes import Visitor, declared_routes

VISITORS = {
    "admin": Visitor("admin", is_admin=True),
    "alice": Visitor("alice"),
}
PHP_PROXY = "/apps/app_api/proxy/{app}/{path:.*}"
COOKIE = "nc_username"
MENU_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Nextcloud</title>
<script src="/nextcloud.js"></script>
<script src="{script}"></script></head><body><div id="content"></div></body></html>"""
NEXTCLOUD_SCRIPT = "window.OC = {generateUrl: (path) => '/index.php' + path}"


class NextcloudFront:
    """One port with both proxies, as `async with`; `/login/<name>` makes a session."""

    def __init__(self, nextcloud: NextcloudStandIn) -> None:
        self.nextcloud = nextcloud
        self._port = 0
        routes = declared_routes()
        self.php = PhpProxy(nextcloud, routes, self.visitor)
        self.harp = HarpProxy(nextcloud, routes, self.visitor)

    @property
    def url(self) -> str:
        """What the address bar begins with."""
        return f"http://{HOST}:{self._port}"

    @property
    def php_admin(self) -> str:
        """The operators' pages through the PHP proxy."""
        return f"{self.url}/index.php/apps/app_api/proxy/live_transcription/admin/"

    @property
    def harp_admin(self) -> str:
        """The operators' pages through HaRP."""
        return f"{self.url}/exapps/live_transcription/admin/"

    @property
    def menu(self) -> str:
        """The page behind the entry of the top menu."""
        return (
            f"{self.url}/index.php/apps/app_api/embedded/live_transcription/operators"
        )

    def visitor(self, request: web.Request) -> Visitor:
        """Who is logged in; a guest is nobody."""
        return VISITORS.get(request.cookies.get(COOKIE, ""), Visitor())

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes(
            [
                web.get("/login/{name}", self._login),
                web.get("/favicon.ico", self._favicon),
                web.get("/nextcloud.js", self._script),
                web.get(
                    "/index.php/apps/app_api/embedded/live_transcription/{name}",
                    self._menu,
                ),
                *(
                    web.route("*", f"{start}{PHP_PROXY}", self.php.handle)
                    for start in ("", "/index.php")
                ),
                web.route("*", "/exapps/{app}/{path:.*}", self.harp.handle),
            ]
        )
        await self.php.open()
        await self.harp.open()
        self._runner, self._port = await listen(application)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()
        await self.php.close()
        await self.harp.close()

    async def _login(self, request: web.Request) -> web.Response:
        response = web.Response(text="Logged in")
        # All of Nextcloud's cookies reach the app, so here are some.
        for name, value in (
            (COOKIE, request.match_info["name"]),
            ("nc_sameSiteCookiestrict", "true"),
            ("oc_sessionPassphrase", "canary-of-a-session"),
        ):
            response.set_cookie(name, value, httponly=True, samesite="Lax")
        return response

    async def _favicon(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _script(self, request: web.Request) -> web.Response:
        return web.Response(text=NEXTCLOUD_SCRIPT, content_type="text/javascript")

    async def _menu(self, request: web.Request) -> web.Response:
        """Only for whom the entry is, and only while the app has registered it."""
        entries = self.nextcloud.record.entries
        menu = entries.get(("ui/top-menu", request.match_info["name"]))
        script = entries.get(("ui/script", request.match_info["name"]))
        is_admin = self.visitor(request).is_admin
        if menu is None or script is None or (menu["adminRequired"] and not is_admin):
            return web.Response(status=404, text="Not found")
        source = f"/index.php/apps/app_api/proxy/live_transcription/{script['path']}.js"
        return web.Response(
            text=MENU_PAGE.format(script=source), content_type="text/html"
        )
