"""The plot: marks where they belong, choosing, zoom, brush, and a place that never changes."""

import math
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.browser.explorer import loneliest

SUPERVISED = "core64-v1:supervised_rmse"
DIP = "core64-v1:dip_rmse"


def places(page, scores):
    xs, ys = scores["supervised_rmse"], scores["dip_rmse"]
    return [page.pixel(xs, ys, i) for i in range(len(xs))]


def colour_at(explorer, x, y):
    """Red, green and blue of the plot's canvas."""
    script = """([x, y]) => {
        const canvas = document.querySelector("#plot canvas");
        const ratio = canvas.width / canvas.clientWidth;
        const { data } = canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1);
        return [...data].slice(0, 3);
    }"""
    return explorer.page.evaluate(script, [x, y])


def test_every_architecture_that_has_the_scores_is_shown(explorer, scores, measured):
    count = len(scores["key"])
    said = f"{count} of {measured} architectures shown; {measured - count} have no value on"
    assert explorer().status == f"{said} these axes."


def test_marks_are_drawn_where_the_axes_say(explorer, scores):
    page = explorer("#colour=")
    found = places(page, scores)
    alone = [i for i, p in enumerate(found) if sum(math.dist(p, q) < 15 for q in found) == 1]
    assert len(alone) >= 10
    colours = {tuple(colour_at(page, *found[i])) for i in alone}
    assert len(colours) == 1
    assert colours != {(255, 255, 255)}


def test_click_chooses_the_point_under_the_pointer(explorer, scores):
    page = explorer()
    i = loneliest(places(page, scores))
    page.click(*places(page, scores)[i])
    page.chosen(scores["name"][i])
    assert f"a={scores['name'][i]}" in page.fragment


def test_hover_tells_name_and_values(explorer, scores):
    page = explorer()
    i = loneliest(places(page, scores))
    x, y = places(page, scores)[i]
    page.page.mouse.move(page.box()["x"] + x, page.box()["y"] + y)
    tip = page.text("#tip")
    assert scores["name"][i] in tip
    assert f"{scores['supervised_rmse'][i]:.2f}" in tip
    assert f"{scores['dip_rmse'][i]:.2f}" in tip


def test_shift_and_click_compares(explorer, scores):
    page = explorer("#a=d3-s0-bilinear-w16")
    i = loneliest(places(page, scores))
    page.click(*places(page, scores)[i], modifiers=["Shift"])
    page.chosen(scores["name"][i], "B")
    page.chosen("d3-s0-bilinear-w16", "A")


@pytest.mark.parametrize(
    "size",
    [{"width": 1440, "height": 950}, {"width": 900, "height": 700}, {"width": 320, "height": 640}],
)
def test_plot_stays_where_it_is_whatever_is_clicked(explorer, scores, size):
    page = explorer(size=size)
    # Scrolling to what is clicked is no movement: where it is in the document counts.
    script = """() => { const b = document.getElementById("plot").getBoundingClientRect();
        return [b.left + scrollX, b.top + scrollY, b.width, b.height]; }"""
    before = page.page.evaluate(script)
    i = loneliest(places(page, scores))
    page.click(*places(page, scores)[i])
    page.chosen(scores["name"][i])
    assert page.page.evaluate(script) == before
    page.page.click("#table tbody tr:nth-child(3) button.small")
    page.page.wait_for_selector(".card-b")
    assert page.page.evaluate(script) == before
    for button in [
        "#open-filters",
        "#filter-depth-3",
        "#open-build",
        "#open-graph",
        "#bars",
        "#front",
        "#keys summary",
        "#next",
        "#save-svg",
        "#fit",
        "#whole",
        "#swap",
        "#unfilter",
        "#open-architecture",
        "#close-B",
        "#close-A",
    ]:
        page.page.click(button)
        page.page.wait_for_timeout(50)
        assert page.page.evaluate(script) == before, button


def heap(route, scores):
    """Three architectures on one spot, and one apart."""
    spot = {"supervised_rmse": [15, 15, 15, 20], "dip_rmse": [16, 16, 16, 18]}
    kept = {
        n: scores[n][:4]
        for n in ("key", "name", "depth", "slc", "skips", "upsample", "width", "params", "macs")
    }
    one = {"protocol": "core64-v1", "task": "denoise25", "columns": spot}
    route.fulfill(json={"space": "core64", "architectures": kept, "scores": [one]})


def test_points_that_overlap_are_listed_and_reached(explorer, scores):
    page = explorer(routes={"**/v1/scores*": lambda route: heap(route, scores)})
    spot = page.pixel([15, 15, 15, 20], [16, 16, 16, 18], 1)
    page.page.mouse.move(page.box()["x"] + spot[0], page.box()["y"] + spot[1])
    assert "and 2 more here" in page.text("#tip")
    page.click(*spot)
    listed = page.page.locator("#overlaps button").all_inner_texts()
    assert {text.split()[0] for text in listed} == set(scores["name"][:3])
    page.page.keyboard.press("Tab")
    page.page.keyboard.press("Enter")
    page.chosen(listed[1].split()[0])


def test_brush_selects_what_lies_within(explorer, scores):
    page = explorer()
    found = places(page, scores)
    start, end = (80, 250), (300, 400)
    page.drag(start, end)
    inside = [
        scores["name"][i]
        for i, (x, y) in enumerate(found)
        if start[0] <= x <= end[0] and start[1] <= y <= end[1]
    ]
    assert f"{len(inside)} selected" in page.status
    assert page.text("#table-tools").startswith(f"{len(inside)} architectures, in the brush")
    names = {line.split(",")[1] for line in page.saved("#save-csv").splitlines()[1:]}
    assert names == set(inside)
    page.page.click("#unbrush")
    assert "selected" not in page.status


def test_zoom_is_undone_by_back_and_by_its_button(explorer, scores):
    page = explorer("#tool=zoom")
    found = places(page, scores)
    i = loneliest(found)
    x, y = found[i]
    page.drag((x - 40, y - 40), (x + 40, y + 40))
    assert "zoom=" in page.fragment
    box = page.box()
    middle = (66 + (box["width"] - 14)) / 2, (14 + box["height"] - 60) / 2
    page.click(*middle)
    page.chosen(scores["name"][i])
    page.page.go_back()
    page.page.go_back()
    assert "zoom=" not in page.fragment
    page.page.go_forward()
    assert "zoom=" in page.fragment
    page.page.click("#whole")
    assert "zoom=" not in page.fragment


def test_pan_and_wheel_move_the_view_and_the_page_scrolls_without_ctrl(explorer):
    page = explorer("#tool=pan")
    page.drag((300, 300), (350, 300))
    panned = page.fragment
    assert "zoom=" in panned
    page.page.mouse.wheel(0, 100)
    page.until(lambda: page.page.evaluate("scrollY") > 0)
    assert page.fragment == panned
    page.page.keyboard.down("Control")
    page.page.mouse.wheel(0, -100)
    page.page.keyboard.up("Control")
    page.until(lambda: page.fragment != panned)


def test_axes_log_psnr_and_swap(explorer, scores):
    page = explorer(f"#x={SUPERVISED}:psnr&y=macs&ylog=1&sort={SUPERVISED}:psnr")
    best = max(20 * math.log10(255 / rmse) for rmse in scores["supervised_rmse"])
    worst = min(20 * math.log10(255 / rmse) for rmse in scores["supervised_rmse"])
    assert page.column("Supervised PSNR")[0] == f"{worst:.2f}"
    page.page.click(f"[id='sort-{SUPERVISED}:psnr']")
    assert page.column("Supervised PSNR")[0] == f"{best:.2f}"
    page.page.click("#swap")
    assert page.page.input_value("#axis-y") == f"{SUPERVISED}:psnr"
    assert page.page.is_checked("#log-x")
    assert not page.page.is_checked("#log-y")


def test_pareto_front_is_that_of_the_shown(explorer, scores):
    points = [
        (x, y)
        for x, y, depth in zip(
            scores["supervised_rmse"], scores["dip_rmse"], scores["depth"], strict=True
        )
        if depth in (3, 4)
    ]
    front = [p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)]
    page = explorer("#front=1&f=depth=3|4")
    legend = page.text("#legend")
    assert f"Pareto front, {len(front)} points: low Supervised RMSE, low DIP RMSE" in legend
    psnr = explorer(f"#front=1&f=depth=3|4&x={SUPERVISED}:psnr&y={DIP}")
    assert f"Pareto front, {len(front)} points: high Supervised PSNR" in psnr.text("#legend")


def test_error_bars_say_for_how_many_they_are_known(explorer, scores):
    known = sum(
        a is not None or b is not None
        for a, b in zip(scores["supervised_std"], scores["dip_std"], strict=True)
    )
    assert f"one standard deviation between seeds, known for {known}" in explorer("#bars=1").status


def test_svg_holds_every_mark(explorer, scores):
    page = explorer("#colour=")
    drawn = ET.fromstring(page.saved("#save-svg"))
    marks = [
        node
        for node in drawn.iter()
        if node.tag.endswith("path")
        and node.get("fill", "").startswith("#")
        and node.get("stroke") == "#ffffff"
    ]
    assert len(marks) == len(scores["key"])
    assert "Supervised RMSE (grey levels), denoise25" in "".join(drawn.itertext())


def test_tables_and_tasks_are_joined_by_architecture(explorer, scores):
    """One task on each axis; what either lacks has no place, and is counted."""

    def two(route):
        names = ("key", "name", "depth", "slc", "skips", "upsample", "width", "params", "macs")
        first: dict[str, Any] = {"protocol": "core64-v1", "task": "denoise25"}
        first |= {"columns": {"supervised_rmse": [15.0, 16.0, 17.0], "dip_rmse": [15.0] * 3}}
        other: dict[str, Any] = {"protocol": "core64-sr2-v1", "task": "sr2"}
        other |= {"columns": {"supervised_rmse": [9.0, None, 8.0], "dip_rmse": [None] * 3}}
        kept = {name: scores[name][:3] for name in names}
        route.fulfill(json={"space": "core64", "architectures": kept, "scores": [first, other]})

    page = explorer("#y=core64-sr2-v1:supervised_rmse", routes={"**/v1/scores*": two})
    assert page.status == "2 of 3 architectures shown; 1 has no value on these axes."
    groups = page.page.locator("#axis-x optgroup").evaluate_all("all => all.map(g => g.label)")
    assert groups == ["Architecture", "denoise25 · core64-v1", "sr2 · core64-sr2-v1"]
    assert page.column("Architecture")[0].startswith(scores["name"][0])
    assert set(page.column("Supervised RMSE")) == {"15.00", "17.00"}


def test_ten_thousand_points(explorer, scores):
    def many(route):
        n = 10_000
        a = {
            name: [scores[name][i % 372] for i in range(n)]
            for name in ("depth", "slc", "skips", "upsample", "width", "params", "macs")
        }
        a |= {"key": [f"{i:064x}" for i in range(n)], "name": [f"many{i}" for i in range(n)]}
        spread = {
            "supervised_rmse": [12 + i * 0.618 % 1 * 20 for i in range(n)],
            "dip_rmse": [13 + i / n * 9 for i in range(n)],
        }
        one = {"protocol": "core64-v1", "task": "denoise25", "columns": spread}
        route.fulfill(json={"space": "core64", "architectures": a, "scores": [one]})

    page = explorer("#shape=upsample", routes={"**/v1/scores*": many})
    assert page.status == "10,000 of 10,000 architectures shown."
    page.drag((80, 20), (300, 400))
    assert "selected" in page.status
    page.page.click("#front")
    assert "Pareto front" in page.text("#legend")
