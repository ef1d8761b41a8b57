"""The page as a test sees it: opened, and asked for what it shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

MARGIN = {"left": 66, "right": 14, "top": 14, "bottom": 60}
ROOM = 0.04  # of the values' range, beyond their ends


class Explorer:
    """One page; `complaints` are errors of scripts, refusals of the policy, failed requests."""

    def __init__(self, page: Any, address: str):
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.expected: set[int] = set()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on("response", self._answered)

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _answered(self, response: Any) -> None:
        unpredicted = response.status == 404 and "/v1/predict" in response.url  # no surrogate
        if response.status >= 400 and not unpredicted and response.status not in self.expected:
            self.complaints.append(f"{response.status} {response.url}")

    def open(self, fragment: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment)
        self.page.wait_for_selector("body[data-ready]")

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    @property
    def status(self) -> str:
        return self.text("#status")

    @property
    def fragment(self) -> str:
        return str(self.page.evaluate("decodeURIComponent(location.hash)"))

    def until(self, holds: Callable[[], bool], seconds: float = 10) -> None:
        """Waits for what the page does by and by."""
        for _ in range(int(seconds / 0.05)):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"not within {seconds} s")

    def chosen(self, name: str, letter: str = "A") -> None:
        """Waits until an architecture is shown."""
        self.page.wait_for_selector(f".card-{letter.lower()} h3:has-text('{name}')")

    def box(self) -> dict[str, float]:
        return dict(self.page.locator("#plot").bounding_box())

    def pixel(self, xs: Sequence[float], ys: Sequence[float], i: int) -> tuple[float, float]:
        """Where point `i` is in the whole plot with linear axes, in pixels of the plot."""
        box = self.box()
        left, right = MARGIN["left"], box["width"] - MARGIN["right"]
        top, bottom = MARGIN["top"], box["height"] - MARGIN["bottom"]
        return (
            left + (right - left) * _share(xs, xs[i]),
            bottom + (top - bottom) * _share(ys, ys[i]),
        )

    def click(self, x: float, y: float, **options: Any) -> None:
        self.page.locator("#plot").click(position={"x": x, "y": y}, **options)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        box = self.box()
        mouse = self.page.mouse
        mouse.move(box["x"] + start[0], box["y"] + start[1])
        mouse.down()
        mouse.move(box["x"] + (start[0] + end[0]) / 2, box["y"] + (start[1] + end[1]) / 2)
        mouse.move(box["x"] + end[0], box["y"] + end[1])
        mouse.up()

    def column(self, header: str) -> list[str]:
        """The cells of the table below a header, as they are shown."""
        heads = [text.strip() for text in self.page.locator("#table thead th").all_inner_texts()]
        place = next(i for i, text in enumerate(heads) if text.startswith(header))
        rows = self.page.locator("#table tbody tr").all()
        return [row.locator("th, td").nth(place).inner_text() for row in rows]

    def saved(self, button: str) -> str:
        with self.page.expect_download() as download:
            self.page.click(button)
        with open(download.value.path(), encoding="utf-8", newline="") as file:
            return file.read()


def _share(values: Sequence[float], value: float) -> float:
    least, most = min(values), max(values)
    room = (most - least) * ROOM
    return (value - least + room) / (most - least + 2 * room)


def loneliest(points: Sequence[tuple[float, float]]) -> int:
    """The point whose nearest neighbour is farthest away."""

    def alone(i: int) -> float:
        return min(math.dist(points[i], p) for j, p in enumerate(points) if j != i)

    return max(range(len(points)), key=alone)
