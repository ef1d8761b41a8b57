"""The chosen architecture, two of them, and what can be copied and saved."""

import csv
import io
import json
import statistics
from typing import Any

import pytest

import dipbench
from dipbench.graphs.nodelink import to_node_link

NAME = "d3-s02-bilinear-w16"
OTHER = "d2-s-nearest-w8"


@pytest.fixture
def runs(ask):
    return ask(f"v1/runs?architecture={NAME}&curves=true")["runs"]


def numbers(page, metric):
    """The cells of one line of the numbers."""
    row = page.page.locator(f"[aria-label=Numbers] tr:has(button:text-is('{metric}'))")
    return row.locator("td").all_inner_texts()


def test_drawing_has_the_levels_and_skips(explorer):
    page = explorer(f"#a={NAME}")
    page.chosen(NAME)
    assert page.page.locator(".unet line.level").count() == 4
    assert page.page.locator(".unet .skip1").count() == 2
    assert page.page.locator(".unet .down").count() == page.page.locator(".unet .up").count() == 3
    words = page.page.locator(".unet").get_attribute("aria-label")
    assert "skip at level 0 (4 channels), skip at level 2 (4 channels)" in words
    assert "up-sampling bilinear" in words


def test_numbers_are_those_of_the_query(explorer):
    result = dipbench.query(NAME)
    page = explorer(f"#a={NAME}")
    page.chosen(NAME)
    assert numbers(page, "SLC") == [str(result.slc)]
    assert numbers(page, "Parameters") == [f"{result.params:,}"]
    assert numbers(page, "DIP RMSE, peak")[0].split()[0] == f"{result.dip_rmse:.2f}"


def test_runs_are_all_there_with_their_spread(explorer, runs):
    page = explorer(f"#a={NAME}")
    page.chosen(NAME)
    page.page.click("summary:has-text('runs as a table')")
    assert page.page.locator("[aria-label='Runs of A'] tbody tr").count() == len(runs)
    peaks = [run["peak_rmse"] for run in runs if run["mode"] == "dip"]
    text = f"DIP {statistics.mean(peaks):.2f} ± {statistics.stdev(peaks):.2f}"
    assert text in page.text("figure:has-text('All runs') figcaption")


def test_curves_are_means_with_their_deviation(explorer, runs):
    page = explorer(f"#a={NAME}")
    page.chosen(NAME)
    assert page.page.locator(".chart canvas").count() == 3
    figure = page.page.locator("figure:has-text('DIP learning curve')")
    figure.locator("summary").click()
    last = [run["curve"]["rmse"][-1] for run in runs if run["mode"] == "dip"]
    cells = figure.locator("tbody tr:last-child td").all_inner_texts()
    assert cells[0] == f"{statistics.mean(last):.2f} ± {statistics.stdev(last):.2f}"


def test_neighbours_lead_on(explorer, ask):
    near = ask(f"v1/architectures/{NAME}/neighbours")["neighbours"]
    page = explorer(f"#a={NAME}")
    page.chosen(NAME)
    listed = page.page.locator("[aria-label=Neighbours] tbody th").all_inner_texts()
    assert listed == [other["name"] for other in near]
    page.page.click(f"[aria-label=Neighbours] button:text-is('{listed[0]}')")
    page.chosen(listed[0])


def test_python_can_be_copied_and_says_the_same(explorer):
    page = explorer(f"#a={NAME}")
    page.chosen(NAME)
    code = page.text("section:has(> h3:text-is('In Python')) pre")
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["result"] == dipbench.query(NAME)
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.click("section:has(> h3:text-is('In Python')) button")
    page.until(lambda: page.page.evaluate("navigator.clipboard.readText()") == code)


def test_two_side_by_side(explorer):
    page = explorer(f"#a={NAME}&b={OTHER}")
    page.chosen(NAME, "A")
    page.chosen(OTHER, "B")
    boxes = [page.page.locator(f".card-{letter}").bounding_box() for letter in "ab"]
    assert boxes[0]["y"] == boxes[1]["y"]
    a, b = dipbench.query(NAME), dipbench.query(OTHER)
    cells = numbers(page, "Supervised RMSE")
    assert [cell.split()[0] for cell in cells[:2]] == [
        f"{a.supervised_rmse:.2f}",
        f"{b.supervised_rmse:.2f}",
    ]
    assert cells[2] == f"{b.supervised_rmse - a.supervised_rmse:+.2f}"
    names: dict[str, Any] = {}
    exec(page.text("section:has(> h3:text-is('In Python')) pre"), names)
    assert list(names["frame"]["name"]) == [NAME, OTHER]
    page.page.click("#change-places")
    page.chosen(OTHER, "A")


def test_what_is_not_there_is_said_in_the_words_of_the_service(explorer, ask):
    page = explorer()
    page.expected |= {400, 404}
    page.page.fill("#search-input", "d9-s0-bilinear-w16")
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#tab-architecture .alarm")
    assert "d9-s0-bilinear-w16" in page.text("#tab-architecture .alarm")
    page.open("#a=" + "0" * 64)
    page.page.wait_for_selector("#tab-architecture .alarm")


def test_a_late_answer_does_not_replace_a_later_choice(explorer):
    held = []
    page = explorer()
    page.page.route(f"**/v1/architectures/{NAME}", lambda route: held.append(route))
    page.page.evaluate(f"location.hash = '#a={NAME}'")
    page.page.evaluate(f"location.hash = '#a={OTHER}'")
    page.chosen(OTHER)
    with page.page.expect_response(lambda reply: f"{NAME}/neighbours" in reply.url):
        held[0].continue_()
    page.page.wait_for_timeout(1000)
    assert page.page.locator(".card").count() == 1
    page.chosen(OTHER)


def test_table_sorts_both_ways_and_turns_pages(explorer, scores):
    page = explorer("#sort=-core64-v1:dip_rmse")
    worst = sorted(scores["dip_rmse"], reverse=True)
    assert page.column("DIP RMSE, peak") == [f"{v:.2f}" for v in worst[:20]]
    assert page.page.get_attribute("#table th[aria-sort]", "aria-sort") == "descending"
    page.page.click("[id='sort-core64-v1:dip_rmse']")
    assert page.column("DIP RMSE, peak") == [f"{v:.2f}" for v in worst[::-1][:20]]
    page.page.click("#next")
    assert page.column("DIP RMSE, peak") == [f"{v:.2f}" for v in worst[::-1][20:40]]
    page.page.click("#last")
    assert len(page.column("Architecture")) == len(worst) % 20 or 20


def test_csv_and_json_hold_the_selection_unchanged(explorer, scores):
    page = explorer("#f=depth=2&sort=name")
    rows = list(csv.DictReader(io.StringIO(page.saved("#save-csv"))))
    wanted = sorted(n for n, d in zip(scores["name"], scores["depth"], strict=True) if d == 2)
    assert [row["name"] for row in rows] == wanted
    place = scores["name"].index(wanted[5])
    other = {column for column in rows[5] if column.count(":") and "core64-v1:" not in column}
    kept = {column: text for column, text in rows[5].items() if column not in other}
    assert {column.removeprefix("core64-v1:") for column in kept} == set(scores)
    for column, text in kept.items():
        value = scores[column.removeprefix("core64-v1:")][place]
        assert text == "" if value is None else type(value)(text) == value, column
    saved = json.loads(page.saved("#save-json"))
    assert [row["name"] for row in saved["architectures"]] == wanted
    assert saved["from"].endswith(page.page.evaluate("location.hash"))
    assert saved["tables"][0]["protocol"] == "core64-v1"


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ("f=depth=4|5", lambda a: a["depth"] in (4, 5)),
        ("f=upsample=nearest&f=width=8", lambda a: a["upsample"] == "nearest" and a["width"] == 8),
        ("f=core64-v1:dip_rmse=15..16", lambda a: 15 <= a["dip_rmse"] <= 16),
        ("f=macs=..5000000", lambda a: a["macs"] <= 5_000_000),
        ("f=skips=0|2", lambda a: {"0", "2"} <= set(a["skips"])),
        ("f=name=s01 w8", lambda a: "s01" in a["name"] and "w8" in a["name"]),
    ],
)
def test_filters(explorer, scores, measured, filters, holds):
    rows = [dict(zip(scores, values, strict=True)) for values in zip(*scores.values(), strict=True)]
    count = sum(holds(row) for row in rows)
    assert 0 < count < len(rows)
    assert explorer(f"#{filters}").status.startswith(f"{count} of {measured} ")


def test_filters_are_clicked_and_typed(explorer, scores):
    page = explorer("#tab=filters")
    page.page.check("#filter-depth-4")
    page.page.check("#filter-depth-5")
    assert "f=depth=4|5" in page.fragment
    page.page.uncheck("#filter-depth-4")
    page.page.select_option("#add-range", "core64-v1:dip_rmse")
    page.page.type("[id='to-core64-v1:dip_rmse']", "15.5")
    count = sum(
        d == 5 and r <= 15.5 for d, r in zip(scores["depth"], scores["dip_rmse"], strict=True)
    )
    assert page.status.startswith(f"{count} of ")
    assert page.text("#open-filters") == "Filters (2)"
    page.page.click("#unfilter")
    assert page.status.startswith(f"{len(scores['key'])} of ")


def pasted(page, text):
    page.page.fill("#graph-text", text)
    page.page.click("#look-up")


def test_a_pasted_graph_is_found_whatever_its_nodes_are_called(explorer):
    graph = to_node_link(dipbench.Architecture.parse(NAME).graph)
    for node in graph["nodes"]:
        node["id"] = f"node {node['id']}"
    for edge in graph["edges"]:
        edge["source"], edge["target"] = f"node {edge['source']}", f"node {edge['target']}"
    page = explorer("#tab=graph")
    pasted(page, json.dumps(graph))
    page.page.wait_for_selector("#graph-result h3:has-text('Found in a table')")
    result = page.text("#graph-result dl")
    assert NAME in result
    assert dipbench.Architecture.parse(NAME).key in result
    page.page.click("#graph-result button:text-is('Show it')")
    page.chosen(NAME)


def test_a_graph_that_is_no_network_is_refused_with_the_reason(explorer):
    page = explorer("#tab=graph")
    page.expected |= {400, 422}
    pasted(page, '{"nodes": [{"id": "x", "op": "conv5"}], "edges": []}')
    page.page.wait_for_selector("#graph-result .alarm")
    assert "conv5" in page.text("#graph-result .alarm")


def test_a_graph_is_dropped_as_a_file(explorer):
    page = explorer("#tab=graph")
    page.expected |= {400, 404}  # of the prediction: such a graph is of no space
    script = """() => {
        const data = new DataTransfer();
        const text = document.getElementById("graph-text").placeholder;
        data.items.add(new File([text], "graph.json", { type: "application/json" }));
        const event = new DragEvent("drop", { dataTransfer: data });
        document.getElementById("drop").dispatchEvent(event);
    }"""
    page.page.evaluate(script)
    page.page.wait_for_selector("#graph-result h3:has-text('Not in a table')")
    assert "97" in page.text("#graph-result dl")


def test_built_by_clicking(explorer):
    page = explorer("#tab=build&build=core64,2,0.0.0,1,1")
    page.page.wait_for_selector("#built h3:text-is('d3-s-bilinear-w16')")
    page.page.check("#build-skips-1")
    page.page.wait_for_selector("#built h3:text-is('d3-s1-bilinear-w16')")
    page.page.check("#build-depth-4")
    page.page.wait_for_selector("#built h3:text-is('d5-s1-bilinear-w16')")
    assert "Depth 5, SLC 1" in page.text("#built")
    page.page.go_back()
    page.page.wait_for_selector("#built h3:text-is('d3-s1-bilinear-w16')")
    page.page.click("#built button:text-is('Show its runs')")
    page.chosen("d3-s1-bilinear-w16")


def test_no_prediction_is_said_plainly(explorer):
    refusal = {"type": "about:blank", "title": "x", "status": 404, "detail": "there are none yet"}
    page = explorer(
        "#tab=build",
        routes={"**/v1/predict*": lambda route: route.fulfill(status=404, json=refusal)},
    )
    page.page.wait_for_selector("#built .note")
    assert "No prediction. there are none yet" in page.text("#built")


def test_prediction_moves_with_its_interval(explorer):
    count = []

    def predict(route):
        count.append(route)
        n = len(count) / 2
        values = {"supervised_rmse": 13 + n, "supervised_low": 12.5 + n, "supervised_high": 14 + n}
        values |= {
            "n_rows": 372,
            "in_sample": False,
            "dip_rmse": 15.0,
            "dip_low": 14.0,
            "dip_high": 16.5,
            "level": 0.9,
        }
        route.fulfill(json=values | {"name": None, "key": "0" * 64, "task": "denoise25"})

    page = explorer("#tab=build", routes={"**/v1/predict*": predict})
    page.page.wait_for_selector("#built .is")
    assert "13.50, 90 % interval 13.00 to 14.50" in page.text("#built dl")
    assert page.page.locator("#built .was").count() == 0
    assert "Predicted from 372 measured architectures, not measured" in page.text("#built")
    assert ">predicted<" in page.saved("#save-svg")
    before = page.page.locator("#built .is circle").first.get_attribute("cx")
    page.page.check("#build-depth-4")
    page.page.wait_for_selector("#built .was")
    assert "14.00, 90 % interval 13.50 to 15.00 (+0.50)" in page.text("#built dl")
    assert page.page.locator("#built .was circle").first.get_attribute("cx") == before
    after = page.page.locator("#built .is circle").first.get_attribute("cx")
    assert float(after) > float(before)


def test_the_prediction_is_that_of_the_library(explorer):
    name = "d2-s1-bilinear-w16"
    predicted = dipbench.predict(name)
    page = explorer("#tab=build&build=core64,1,0.1,1,1")
    page.page.wait_for_selector(f"#built h3:text-is('{name}')")
    text = page.text("#built .predicted")
    assert f"{predicted.supervised_rmse:.2f}, 90 % interval" in text
    assert f"{predicted.dip_low:.2f} to {predicted.dip_high:.2f}" in text
    assert f"; measured {dipbench.query(name).dip_rmse:.2f}" in text


def test_columns_without_measurements_are_no_choice(explorer, ask):
    for score in ask("v1/scores")["scores"]:
        known = {c for c, v in score["columns"].items() if any(x is not None for x in v)}
        page = explorer()
        group = page.page.locator(f"#axis-x optgroup[label$='{score['protocol']}'] option")
        values = group.evaluate_all("all => all.map(option => option.value)")
        listed = {value.split(":")[1] for value in values if not value.endswith(":psnr")}
        assert listed == known
