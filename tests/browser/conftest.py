"""The explorer in a real browser, against the real service; skipped where there is no browser."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.chromium import executable, launched, served
from tests.browser.explorer import Explorer

SIZE = {"width": 1440, "height": 950}


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with served() as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    pytest.importorskip("playwright", reason="Playwright is not installed: pip install .[browser]")
    if executable() is None:
        pytest.skip("no Chromium found; install one, or name it in DIPBENCH_CHROMIUM")
    with launched() as found:
        yield found


@pytest.fixture(scope="session")
def ask(address: str) -> Callable[[str], Any]:
    """The JSON of a route, asked without the page."""

    def get(path: str) -> Any:
        with urllib.request.urlopen(address + path) as reply:
            return json.load(reply)

    return get


@pytest.fixture(scope="session")
def scores(ask: Callable[[str], Any]) -> dict[str, list[Any]]:
    """Columns of the first table by name, its features among them."""
    answer = ask("v1/scores")
    return {**answer["architectures"], **answer["scores"][0]["columns"]}


@pytest.fixture(scope="session")
def measured(ask: Callable[[str], Any]) -> int:
    """How many architectures all tables have; those that two spaces hold count once."""
    spaces = {table["space"] for table in ask("v1/tables")["tables"]}
    answers = [ask(f"v1/scores?space={space}") for space in sorted(spaces)]
    return len({key for answer in answers for key in answer["architectures"]["key"]})


@pytest.fixture
def explorer(browser: Any, address: str) -> Iterator[Callable[..., Explorer]]:
    """Opens pages: `explorer(fragment, …)`. Any complaint of the browser fails the test."""
    opened: list[Explorer] = []

    def open_page(
        fragment: str = "",
        *,
        size: dict[str, int] = SIZE,
        scheme: str = "light",
        routes: dict[str, Callable[..., None]] | None = None,
    ) -> Explorer:
        context = browser.new_context(
            viewport=size, color_scheme=scheme, accept_downloads=True, reduced_motion="reduce"
        )
        found = Explorer(context.new_page(), address)
        opened.append(found)
        for pattern, handler in (routes or {}).items():
            found.page.route(pattern, handler)
        found.open(fragment)
        return found

    yield open_page
    for found in opened:
        found.page.context.close()
    assert [text for found in opened for text in found.complaints] == []
