/** The numbers of one architecture, or of two with their difference. */

import { h } from "./dom.js";
import { why } from "./explain.js";
import { shortKey, signed, spread } from "./format.js";

const SAID_BESIDE = /:psnr$|:(supervised|dip)_std$/; // made of the RMSE, or with its mean

/** Features and scores of the table that is shown, and those of all other tables to unfold. */
export function numbers(entries, metrics) {
  const rows = entries.map(entry => entry.row ?? { ...entry.fields, ...entry, scores: {} });
  const known = metrics.filter(
    metric => rows.some(row => metric.value(row) !== null) && !SAID_BESIDE.test(metric.id),
  );
  const shown = ({ source }) => !source || source === entries[0].source;
  const others = known.filter(metric => !shown(metric));
  return [
    table("Numbers", entries, rows, known.filter(shown)),
    others.length
      ? h(
          "details",
          {},
          h("summary", {}, "Numbers of the other tables"),
          table("Numbers of the other tables", entries, rows, others),
        )
      : "",
  ];
}

function table(label, entries, rows, metrics) {
  const heads = entries.map(({ letter, name, key }) =>
    h("th", { scope: "col", class: "number" }, letter, h("small", {}, name ?? shortKey(key))),
  );
  if (rows.length > 1) heads.push(h("th", { scope: "col", class: "number" }, "B − A"));
  const head = h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Metric"), heads));
  const groups = [...new Set(metrics.map(metric => metric.from ?? ""))];
  const bodies = groups.map(from => {
    const lines = metrics.filter(metric => (metric.from ?? "") === from);
    const title = h("th", { scope: "rowgroup", colspan: heads.length + 1, class: "group" }, from);
    return h(
      "tbody",
      {},
      from ? h("tr", {}, title) : "",
      lines.map(metric => line(metric, rows)),
    );
  });
  return h(
    "div",
    { class: "scroll whole", tabindex: 0, role: "region", "aria-label": label },
    h("table", { class: "numbers" }, head, bodies),
  );
}

function line(metric, rows) {
  const unit = ["s", "dB"].includes(metric.unit) ? h("small", {}, ` ${metric.unit}`) : "";
  const cells = rows.map(row => h("td", { class: "number" }, text(metric, row)));
  if (rows.length > 1) cells.push(h("td", { class: "number" }, difference(metric, rows)));
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      why(() => metric, metric.label),
      unit,
    ),
    cells,
  );
}

function text(metric, row) {
  const bar = metric.bar(row);
  return spread(metric.value(row), bar && (bar[1] - bar[0]) / 2, metric.real);
}

function difference(metric, rows) {
  const [a, b] = rows.map(metric.value);
  return metric.kind === "number" && a !== null && b !== null ? signed(b - a) : "";
}
