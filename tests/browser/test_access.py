"""For keyboards, screen readers, narrow windows, the dark; links that show the same; the files."""

import hashlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "api" / "page"
FULL = (
    "#x=macs&y=core64-v1:dip_rmse&xlog=1&colour=depth&shape=upsample&bars=1&front=1&f=width=16"
    "&brush=5000000,15000000,14,17&a=d3-s0-bilinear-w16&b=d2-s-nearest-w8&tab=filters"
)
STATE = """() => [...document.querySelectorAll("#encodings input, #encodings select, #status,"
    + "#legend, #table tbody, #tab-filters, .cards")]
    .map(node => (node.type === "checkbox" ? node.checked : node.value ?? node.innerText))
    .join("|")"""


def test_a_link_shows_the_same_view(explorer):
    first = explorer(FULL)
    first.page.wait_for_selector(".card-b", state="attached")
    again = explorer(first.page.evaluate("location.hash"))
    again.page.wait_for_selector(".card-b", state="attached")
    assert again.page.evaluate(STATE) == first.page.evaluate(STATE)
    assert again.page.evaluate("location.hash") == first.page.evaluate("location.hash")


def test_back_and_forward_go_through_the_choices(explorer):
    page = explorer()
    for name in ("d1-s-nearest-w8", "d2-s-nearest-w8"):
        page.page.fill("#search-input", name)
        page.page.keyboard.press("Enter")
        page.chosen(name)
    page.page.select_option("#colour", "depth")
    page.page.go_back()
    assert page.page.input_value("#colour") == "slc"
    page.page.go_back()
    page.chosen("d1-s-nearest-w8")
    page.page.go_back()
    page.page.wait_for_selector(".welcome")
    page.page.go_forward()
    page.chosen("d1-s-nearest-w8")


@pytest.mark.parametrize(
    "fragment",
    [
        "#x=nothing&y=&colour=none&shape=%00&zoom=1,2&brush=a,b,c,d&page=-4&f=depth&f=x=1..2&tab=no",
        "#zoom=5,1,9,3&sort=--x&build=unknown,1&source=no&a=&tool=fly&xlog=yes",
        "#f=core64-v1:dip_rmse=..&f=depth=99",
        "#%E0%A4%A",
    ],
)
def test_an_address_that_makes_no_sense_shows_the_page(explorer, fragment):
    page = explorer(fragment)
    assert "architectures shown" in page.status
    assert page.page.locator("[role=tabpanel]:visible").count() == 1


def test_search_finds_as_one_types(explorer, scores):
    page = explorer()
    page.page.type("#search-input", "d4 nearest s02")
    options = page.page.locator("#search-list [role=option]").all_inner_texts()
    found = [text.split()[0] for text in options]
    wanted = [n for n in scores["name"] if all(part in n for part in ("d4", "nearest", "s02"))]
    assert sorted(found) == sorted(wanted)[:12]
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    active = page.page.get_attribute("#search-input", "aria-activedescendant")
    assert page.page.get_attribute(f"#{active}", "aria-selected") == "true"
    page.page.keyboard.press("Enter")
    page.chosen(found[1])
    page.page.fill("#search-input", scores["key"][7][:10])
    assert page.page.locator("#search-list [role=option]").count() == 1
    page.page.keyboard.press("Escape")
    assert page.page.get_attribute("#search-input", "aria-expanded") == "false"


def test_the_plot_is_walked_with_the_keyboard(explorer, scores):
    page = explorer()
    page.page.focus("#plot")
    order = sorted(range(len(scores["key"])), key=lambda i: scores["supervised_rmse"][i])
    page.page.keyboard.press("Home")
    assert page.text("#spoken").startswith(scores["name"][order[0]])
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("ArrowRight")
    assert page.text("#spoken").startswith(scores["name"][order[2]])
    page.page.keyboard.press("Enter")
    page.chosen(scores["name"][order[2]])
    page.page.keyboard.press("End")
    page.page.keyboard.press("c")
    page.chosen(scores["name"][order[-1]], "B")
    page.page.keyboard.press("+")
    assert "zoom=" in page.fragment
    page.page.keyboard.press("0")
    assert "zoom=" not in page.fragment
    assert page.page.evaluate("document.activeElement.id") == "plot"


def test_everything_can_be_reached_with_tab(explorer):
    page = explorer("#a=d3-s0-bilinear-w16")
    page.chosen("d3-s0-bilinear-w16")
    page.page.evaluate("document.body.focus()")
    reached = set()
    for _ in range(90):
        page.page.keyboard.press("Tab")
        reached.add(page.page.evaluate("document.activeElement.id"))
    assert {
        "search-input",
        "help",
        "cite",
        "axis-x",
        "log-y",
        "colour",
        "shape",
        "bars",
        "front",
        "fit",
        "save-svg",
        "plot",
        "open-architecture",
        "save-csv",
        "table",
    } <= reached


def test_focus_stays_when_what_had_it_is_drawn_again(explorer):
    page = explorer("#tab=filters")
    page.page.focus("#filter-depth-3")
    page.page.keyboard.press("Space")
    assert page.page.evaluate("document.activeElement.id") == "filter-depth-3"
    page.page.focus("#next")
    page.page.keyboard.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "next"


NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, textarea,"
    + "[role=region], [role=img], [role=application], [role=tabpanel]")].filter(node => {
    const by = (node.getAttribute("aria-labelledby") ?? "").split(" ");
    const labels = [node.getAttribute("aria-label"), node.innerText, node.title,
        ...[...(node.labels ?? [])].map(label => label.innerText),
        ...by.map(id => document.getElementById(id)?.innerText)];
    return node.checkVisibility() && !labels.some(text => text?.trim());
}).map(node => node.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("tab", ["architecture", "filters", "build", "graph"])
def test_all_controls_have_names_and_ids_are_unique(explorer, tab):
    page = explorer(f"#a=d3-s0-bilinear-w16&b=d2-s-nearest-w8&tab={tab}&f=macs=1..9")
    page.page.wait_for_timeout(1000)
    assert page.page.evaluate(NAMELESS) == []
    ids = page.page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("tab", ["architecture", "filters", "build", "graph"])
def test_320_pixels_are_wide_enough(explorer, tab):
    chosen = "#a=d5-s01234-transposed-w16&b=d2-s-nearest-w8&f=core64-v1:dip_rmse=..16"
    page = explorer(f"{chosen}&tab={tab}", size={"width": 320, "height": 640})
    page.page.wait_for_timeout(1000)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 320
    wide = """() => [...document.querySelectorAll("button, input, select, textarea, h1, h2, h3")]
        .filter(node => node.checkVisibility() && !node.closest(".scroll, #table, .quiet"))
        .filter(node => node.getBoundingClientRect().right > 320).map(node => node.outerHTML)"""
    assert page.page.evaluate(wide) == []


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(explorer, scheme):
    page = explorer(scheme=scheme)
    marks = page.page.evaluate("""async () => {
        const { colours, unknown } = await import(new URL("page/js/palette.js", location.href));
        return [...colours(8, true), ...colours(6, false), unknown()]; }""")
    texts = ("ink", "dim", "link", "alarm", "a", "b", "crossing")
    script = """names => { const s = getComputedStyle(document.documentElement);
        return Object.fromEntries(names.map(n => [n, s.getPropertyValue("--" + n).trim()])); }"""
    style = page.page.evaluate(script, ["paper", "raised", "rule", *texts])
    paper = style["paper"]
    assert len(set(marks)) == 15
    assert min(contrast(mark, paper) for mark in marks) >= 3
    assert contrast(style["rule"], paper) >= 3
    for text in texts:
        assert contrast(style[text], paper) >= 4.5, text
        assert contrast(style[text], style["raised"]) >= 4.5, text
    body = page.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert body == "rgb({}, {}, {})".format(*(int(paper[i : i + 2], 16) for i in (1, 3, 5)))


def test_metrics_are_explained_where_they_are_shown(explorer):
    page = explorer("#a=d3-s0-bilinear-w16")
    page.chosen("d3-s0-bilinear-w16")
    page.page.click("#encodings .field:nth-child(2) .why")
    page.page.wait_for_selector("#explain:has-text('least RMSE over the fit')")
    page.page.keyboard.press("Escape")
    page.page.click("[aria-label=Numbers] button:text-is('SLC')")
    page.page.wait_for_selector("#explain:has-text('Shallowest level of connection')")
    title = page.page.get_attribute("#table thead th:nth-child(2) button", "title")
    assert "mean over seeds" in title


def test_help_and_citation(explorer):
    page = explorer()
    page.page.click("#cite")
    assert "@software{dipbench" in page.text("#dialog")
    page.page.keyboard.press("Escape")
    page.page.click("#help")
    assert "Deep Image Prior" in page.text("#dialog")
    links = page.page.locator("#dialog a, header nav a").all()
    for address in {link.get_attribute("href") for link in links}:
        assert page.page.request.get(page.address + address).ok, address


def test_the_service_may_be_gone(explorer):
    page = explorer()
    page.page.route("**/v1/architectures/*", lambda route: route.abort())
    page.page.fill("#search-input", "d2-s-nearest-w8")
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#tab-architecture .alarm")
    assert "does not answer" in page.text("#tab-architecture .alarm")


def test_nothing_is_inline_and_nothing_is_fetched_from_elsewhere(explorer):
    markup = (PAGE / "index.html").read_text("utf-8")
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", markup) == []
    page = explorer()
    script = "performance.getEntriesByType('resource').map(entry => entry.name)"
    addresses = page.page.evaluate(script)
    assert [address for address in addresses if not address.startswith(page.address)] == []


def test_the_library_is_the_one_that_its_note_names():
    folder = PAGE / "vendor" / "echarts"
    digest = hashlib.sha256((folder / "echarts.esm.min.mjs").read_bytes()).hexdigest()
    assert digest in (folder / "VERSION.md").read_text("utf-8")


def test_modules_are_small():
    sizes = {path.name: len(path.read_text("utf-8").splitlines()) for path in PAGE.glob("js/*.js")}
    assert max(sizes.values()) < 400, sizes
