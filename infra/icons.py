"""The icons of the app, drawn from the mark: `python -m infra.icons`. They are kept in the repository; draw them again
when static/mark.svg changes. Chromium draws them, so that they look as the mark does in the browser.

A maskable icon is cut to a shape that the telephone chooses; what counts lies in the inner circle of 80% (W3C, Web
Application Manifest, "maskable"), so its mark is smaller and its ground goes to the edge.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

STATIC = Path(__file__).resolve().parents[1] / "services" / "gateway" / "web" / "static"
GROUND = "#0b4f5c"  # the mark's own
ICONS = (("icon-192.png", 192, 1.0), ("icon-512.png", 512, 1.0), ("maskable-192.png", 192, 0.72),
         ("maskable-512.png", 512, 0.72), ("apple-touch-180.png", 180, 0.86))  # fmt: skip
"""Name, size in pixels, share of it that the mark takes."""


def page_of(mark: str, size: int, share: float) -> str:
    """The page that Chromium takes a picture of."""
    ground = "transparent" if share == 1.0 else GROUND
    side = round(size * share)
    return (
        f'<body style="margin:0;inline-size:{size}px;block-size:{size}px;display:grid;place-items:center;'
        f'background:{ground}"><div style="inline-size:{side}px;block-size:{side}px">{mark}</div></body>'
    )


def draw(browser: Browser, folder: Path) -> None:
    """Draw all of them into the folder."""
    mark = (STATIC / "mark.svg").read_text(encoding="utf-8")
    for name, size, share in ICONS:
        page = browser.new_page(viewport={"width": size, "height": size})
        page.set_content(page_of(mark, size, share))
        page.screenshot(path=folder / name, omit_background=True)
        page.close()


def main() -> None:
    folder = STATIC / "icons"
    folder.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or os.environ.get("CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        draw(browser, folder)
        browser.close()


if __name__ == "__main__":
    main()
