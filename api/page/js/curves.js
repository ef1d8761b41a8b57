/** Learning curves of one or two architectures: means over runs, bands of a standard deviation. */

import { axis, makeChart } from "./charts.js";
import { h } from "./dom.js";
import { deviation, mean, shown, spread } from "./format.js";
import { ink } from "./palette.js";
import { extent } from "./scale.js";

const LINES = {
  supervised: [["val_rmse", "validation images", "solid"]],
  dip: [
    ["rmse", "raw output", "solid"],
    ["averaged_rmse", "averaged output", "dashed"],
    ["rmse_noisy", "raw output, to what was observed", "dotted"],
    ["unperturbed_rmse", "input not perturbed", "dash-dotted"],
  ],
};
const DASHES = { "dash-dotted": [8, 3, 2, 3] }; // the others are named so in ECharts
const TITLES = { supervised: "Supervised learning curve", dip: "DIP learning curve" };

/** `{step, lines: [{label, dash, mean, sd}], runs}` of one mode; null if nothing was recorded. */
export function summarise(runs, mode) {
  const curves = runs.filter(run => run.mode === mode && run.curve).map(run => run.curve);
  if (!curves.length) return null;
  const step = curves[0].step;
  const same = curves.filter(curve => curve.step.join() === step.join());
  const lines = LINES[mode]
    .filter(([column]) => same[0][column]?.length)
    .map(([column, label, dash]) => {
      const at = i => same.map(curve => curve[column][i]).filter(value => value !== null);
      const values = step.map((_, i) => at(i));
      return {
        label,
        dash,
        mean: values.map(v => (v.length ? mean(v) : null)),
        sd: values.map(deviation),
      };
    });
  return { step, lines, runs: same.length };
}

/** A figure of one mode; `entries` is [{letter, label, runs}]. Returns its element and how to end it. */
export function curveFigure(mode, entries) {
  const found = entries
    .map(entry => ({ ...entry, curve: summarise(entry.runs, mode) }))
    .filter(({ curve }) => curve);
  if (found.length > 1) {
    for (const { curve } of found) curve.lines = curve.lines.slice(0, 2); // six would be a tangle
  }
  if (!found.length)
    return { node: h("p", {}, `${TITLES[mode]}: none was recorded.`), end: () => {} };
  const canvas = h("div", {
    class: "chart",
    role: "img",
    "aria-label": `${TITLES[mode]}. ${found.map(inWords).join(" ")}`,
  });
  const chart = makeChart(canvas, () => option(found));
  const node = h(
    "figure",
    {},
    h("figcaption", {}, h("strong", {}, TITLES[mode]), " ", found.map(caption).join("; "), "."),
    canvas,
    h("details", {}, h("summary", {}, "Numbers of the curve"), numbers(found)),
  );
  return { node, end: chart.end };
}

function caption({ letter, curve }) {
  const lines = curve.lines.map(({ label, dash }) => `${dash} ${label}`).join(", ");
  const band =
    curve.runs > 1
      ? `mean of ${curve.runs} runs, band ± 1 standard deviation`
      : "one run, so no band";
  return `${letter}: ${lines}; ${band}`;
}

function inWords({ letter, curve }) {
  const [first] = curve.lines;
  const known = first.mean.filter(value => value !== null);
  const least = Math.min(...known);
  const where = curve.step[first.mean.indexOf(least)];
  return (
    `${letter}, ${first.label}: ${shown(known[0])} at the start, ` +
    `least ${shown(least)} at iteration ${where}, ${shown(known.at(-1))} at the end.`
  );
}

function option(found) {
  const log = Math.log10;
  const all = found.flatMap(({ curve }) =>
    curve.lines.flatMap(line =>
      line.mean.flatMap((m, i) =>
        m === null ? [] : [m, Math.max(m - (line.sd[i] ?? 0), m / 2), m + (line.sd[i] ?? 0)],
      ),
    ),
  );
  const steps = found.flatMap(({ curve }) => curve.step.filter(step => step > 0));
  const [x, y] = [extent(steps, true, 0.01), extent(all, true)];
  const series = found.flatMap(({ letter, curve }) =>
    curve.lines.flatMap(line => {
      const colour = ink()[letter.toLowerCase()];
      const known = curve.step
        .map((step, i) => [step, line.mean[i], line.sd[i]])
        .filter(([step, m]) => step > 0 && m !== null);
      const thick = {
        type: "line",
        silent: true,
        symbol: "none",
        data: known.map(([step, m]) => [log(step), log(m)]),
        lineStyle: {
          color: colour,
          width: line.dash === "dotted" ? 1.2 : 2,
          type: DASHES[line.dash] ?? line.dash,
        },
      };
      const banded =
        known[0][2] !== null &&
        line.dash !== "dotted" &&
        (found.length === 1 || line.dash === "solid");
      return banded ? [band(known, colour), thick] : [thick];
    }),
  );
  return {
    animation: false,
    grid: { left: 54, right: 12, top: 10, bottom: 44, outerBoundsMode: "none" },
    xAxis: axis(...x, { log: true, name: "iteration", count: 5 }),
    yAxis: axis(...y, { log: true, name: "RMSE (grey levels)", gap: 36, count: 5 }),
    series,
  };
}

function band(known, colour) {
  const edge = sign =>
    known.map(([step, m, sd]) => [
      Math.log10(step),
      Math.log10(Math.max(m + sign * (sd ?? 0), m / 2)),
    ]);
  const ring = [...edge(1), ...edge(-1).reverse()];
  return {
    type: "custom",
    silent: true,
    data: [ring[0]],
    z: 1,
    clip: true,
    renderItem: (_, api) => ({
      type: "polygon",
      shape: { points: ring.map(point => api.coord(point)) },
      style: { fill: colour, opacity: 0.2 },
    }),
  };
}

function numbers(found) {
  const head = found.flatMap(({ letter, curve }) =>
    curve.lines.map(({ label }) =>
      h("th", { scope: "col", class: "number" }, `${letter}: ${label}`),
    ),
  );
  const rows = found[0].curve.step.map((step, i) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "number" }, step.toLocaleString("en")),
      found.flatMap(({ curve }) =>
        curve.lines.map(({ mean: m, sd }) => h("td", { class: "number" }, spread(m[i], sd[i]))),
      ),
    ),
  );
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Numbers of the curve" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Iteration"), head)),
      h("tbody", {}, rows),
    ),
  );
}
