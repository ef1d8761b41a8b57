"""Take the pictures of ``docs/explorer.md``: ``python -m tests.browser.pictures``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.chromium import ROOT, executable, launched, served
from tests.browser.explorer import Explorer

FOLDER = ROOT / "docs" / "explorer"
LIMIT = 150_000  # bytes


@dataclass(frozen=True)
class Picture:
    """A view by its address, and what must be there before it is taken."""

    name: str
    fragment: str
    ready: str
    width: int = 1180
    height: int = 660
    scheme: str = "light"
    part: str = "body"


PICTURES = (
    Picture("chosen", "#a=d4-s0-bilinear-w16&shape=upsample&front=1", ".chart canvas"),
    Picture(
        "two",
        "#a=d5-s024-bilinear-w16&b=d2-s1-nearest-w8",
        ".chart canvas",
        1400,
        1390,
        part="#panel",
    ),
    Picture(
        "build",
        "#tab=build&build=unet64,3,2.1.0.2,1.0.0.1,1.0.1,1,1,0",
        "#built .predicted, #built .note",
    ),
    Picture("narrow", "#y=macs&ylog=1&colour=upsample", "#legend p", 320, 900, "dark"),
)


def main() -> int:
    """Take all pictures; return 1 with one line on standard error where that cannot be."""
    if executable() is None:
        print("error: no Chromium found; name one in DIPBENCH_CHROMIUM", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    with served() as address, launched() as browser:
        for picture in PICTURES:
            path = take(browser, address, picture)
            size = path.stat().st_size
            print(f"{path.relative_to(ROOT)}: {size} bytes")
            if size > LIMIT:
                print(f"error: more than {LIMIT} bytes", file=sys.stderr)
                return 1
    return 0


def take(browser: Any, address: str, picture: Picture) -> Path:
    """One picture, in a window of its own."""
    size = {"width": picture.width, "height": picture.height}
    context = browser.new_context(
        viewport=size, color_scheme=picture.scheme, reduced_motion="reduce"
    )
    page = Explorer(context.new_page(), address)
    page.open(picture.fragment)
    page.page.wait_for_selector(picture.ready)
    page.page.wait_for_timeout(500)  # charts are drawn in the next frames
    path = FOLDER / f"{picture.name}.png"
    if picture.part == "body":
        page.page.screenshot(path=path)
    else:
        page.page.locator(picture.part).screenshot(path=path)
    context.close()
    return path


if __name__ == "__main__":
    sys.exit(main())
