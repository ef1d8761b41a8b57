/** All runs of an architecture, by image and seed, with their spread. */

import { axis, makeChart } from "./charts.js";
import { h } from "./dom.js";
import { deviation, mean, shown, spread } from "./format.js";
import { ink } from "./palette.js";
import { extent } from "./scale.js";
import { nameOf } from "./metrics.js";

const VALUES = { supervised: "test_rmse", dip: "peak_rmse" };
const SYMBOLS = { A: "circle", B: "diamond" };
const DROPPED = new Set(["key", "name", "task", "mode", "curve", "protocol_hash", "status"]);

/** A figure of DIP peak by image and test RMSE of the supervised runs, with a table of everything. */
export function runsFigure(entries) {
  const spots = entries
    .flatMap(({ letter, runs }) =>
      runs
        .filter(run => run.status === "ok")
        .map(run => ({
          letter,
          place: run.mode === "dip" ? run.image : "supervised",
          value: run[VALUES[run.mode]],
        })),
    )
    .filter(({ value }) => value !== null && value !== undefined);
  if (!spots.length) return { node: h("p", {}, "No finished runs."), end: () => {} };
  const places = [...new Set(spots.map(({ place }) => place))].sort(
    (a, b) => (a === "supervised") - (b === "supervised") || String(a).localeCompare(String(b)),
  );
  const text = entries.map(inWords).join("; ");
  const canvas = h("div", { class: "chart", role: "img", "aria-label": `Runs by image. ${text}` });
  const chart = makeChart(canvas, () => option(spots, places));
  const node = h(
    "figure",
    {},
    h(
      "figcaption",
      {},
      h("strong", {}, "All runs"),
      ` DIP peak of each image and seed, supervised test RMSE of each seed. ${text}.`,
    ),
    canvas,
    ...entries.map(tableOf),
  );
  return { node, end: chart.end };
}

function inWords({ letter, runs }) {
  const parts = ["supervised", "dip"].map(mode => {
    const done = runs.filter(run => run.mode === mode && run.status === "ok");
    if (!done.length) return `no ${mode} runs`;
    const values = done.map(run => run[VALUES[mode]]);
    const sd = deviation(values);
    const count = what => {
      const number = new Set(done.map(run => run[what])).size;
      return `${number} ${what}${number === 1 ? "" : "s"}`;
    };
    const over = mode === "dip" ? `${count("image")}, ${count("seed")}` : count("seed");
    return `${mode === "dip" ? "DIP" : mode} ${spread(mean(values), sd)} (${over})`;
  });
  return `${letter}: ${parts.join(", ")}`;
}

function option(spots, places) {
  const { ink: text, dim } = ink();
  const y = extent(
    spots.map(({ value }) => value),
    false,
    0.08,
  );
  const letters = [...new Set(spots.map(({ letter }) => letter))];
  const series = letters.map((letter, i) => ({
    type: "scatter",
    silent: true,
    symbol: SYMBOLS[letter],
    symbolSize: 9,
    symbolOffset: letters.length > 1 ? [i ? 6 : -6, 0] : [0, 0],
    data: spots
      .filter(spot => spot.letter === letter)
      .map(({ place, value }) => [places.indexOf(place), value]),
    itemStyle: {
      color: ink()[letter.toLowerCase()],
      opacity: 1,
      borderColor: ink().paper,
      borderWidth: 1,
    },
  }));
  return {
    animation: false,
    grid: { left: 54, right: 12, top: 10, bottom: 74, outerBoundsMode: "none" },
    xAxis: {
      type: "category",
      data: places.map(String),
      name: "image",
      nameLocation: "middle",
      nameGap: 56,
      nameTextStyle: { color: text, fontSize: 13 },
      axisLabel: { color: text, rotate: 40, interval: 0, fontSize: 11 },
      axisLine: { lineStyle: { color: dim } },
      axisTick: { alignWithLabel: true },
    },
    yAxis: axis(...y, { name: "RMSE (grey levels)", gap: 36, count: 5 }),
    series,
  };
}

function tableOf({ letter, runs }) {
  const columns = [...new Set(runs.flatMap(Object.keys))].filter(
    name => !DROPPED.has(name) && runs.some(run => run[name] !== null),
  );
  const ordered = [...runs].sort(
    (a, b) =>
      String(b.mode).localeCompare(String(a.mode)) ||
      a.seed - b.seed ||
      String(a.image).localeCompare(String(b.image)),
  );
  const number = name => typeof runs.find(run => run[name] !== null)?.[name] === "number";
  const kind = name => (number(name) ? "number" : null);
  const body = ordered.map(run =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${run.mode}${run.status === "ok" ? "" : `, ${run.status}`}`),
      columns.map(name =>
        h("td", { class: kind(name) }, name === "seed" ? String(run[name]) : shown(run[name])),
      ),
    ),
  );
  return h(
    "details",
    {},
    h("summary", {}, `${letter}: the ${runs.length} runs as a table`),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": `Runs of ${letter}` },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "mode"),
            columns.map(name => h("th", { scope: "col", class: kind(name) }, nameOf(name))),
          ),
        ),
        h("tbody", {}, body),
      ),
    ),
  );
}
