# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""What every page of the operators must stand."""

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]

from tests.browser.conftest import Visit

OPTIONS = {"preload": False}
"Or axe fetches style sheets by itself, some from the wrong address."
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


async def look_at(visit: Visit) -> None:
    """Axe in light and dark, and no scrolling sideways on a phone."""
    page = visit.page
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        found = (await Axe().run(page, options=OPTIONS)).response["violations"]
        said = [
            f"{page.url} {scheme}: {v['id']}: {v['help']}: {node['html']}"
            for v in found
            for node in v["nodes"]
        ]
        assert said == [], said
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], page.url
    await page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
