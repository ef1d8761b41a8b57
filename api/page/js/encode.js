/** Classes of a metric, each with its colour or shape: values where they are few, else ranges. */

import { colours, SHAPES, unknown } from "./palette.js";
import { compact } from "./format.js";
import { extent, fromAxis } from "./scale.js";

const RANGES = 6;

/** `{classes: [{label, colour}], of(row)}`: `of` gives the number of a row's class, the last for none. */
export function byColour(metric, rows) {
  const { labels, of, ordered, missing } = classify(metric, rows);
  const made = colours(labels.length, ordered).map((colour, i) => ({ label: labels[i], colour }));
  if (missing) made.push({ label: "not measured", colour: unknown() });
  return { metric, classes: made, of };
}

/** The same with shapes; a metric with too many values to tell apart is in ranges. */
export function byShape(metric, rows) {
  const { labels, of, missing } = classify(metric, rows);
  const made = labels.map((label, i) => ({ label, shape: SHAPES[i] }));
  if (missing) made.push({ label: "not measured", shape: SHAPES[labels.length % SHAPES.length] });
  return { metric, classes: made, of };
}

function classify(metric, rows) {
  if (!metric) return { labels: ["all"], of: () => 0, ordered: false, missing: false };
  const found = metric.values
    ? discrete(metric)
    : metric.kind === "number"
      ? ranges(metric, rows)
      : texts(metric, rows);
  const missing = rows.some(row => found.place(row) < 0);
  return {
    ...found,
    missing,
    of: row => {
      const place = found.place(row);
      return place < 0 ? found.labels.length : place;
    },
  };
}

function discrete(metric) {
  const place = new Map(metric.values.map((value, i) => [value, i]));
  return {
    labels: metric.values.map(String),
    ordered: metric.kind === "number",
    place: row => place.get(metric.value(row)) ?? -1,
  };
}

/** Text of many values, such as the skips: the commonest five, and the others. */
function texts(metric, rows) {
  const counts = new Map();
  for (const row of rows)
    counts.set(String(metric.value(row)), (counts.get(String(metric.value(row))) ?? 0) + 1);
  const common = [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 5)
    .map(([text]) => text);
  const place = row =>
    common.includes(String(metric.value(row))) ? common.indexOf(String(metric.value(row))) : 5;
  return { labels: [...common.map(text => text || "none"), "others"], ordered: false, place };
}

/** Six ranges of equal length, of the logarithm where the values span more than a factor of 20. */
function ranges(metric, rows) {
  const values = rows.map(metric.value).filter(value => value !== null);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const log = least > 0 && most / least > 20;
  const [low, high] = extent(values, log, 0);
  const step = (high - low) / RANGES || 1;
  const end = i => compact(+fromAxis(low + i * step, log).toPrecision(3));
  const labels = Array.from({ length: RANGES }, (_, i) => `${end(i)} – ${end(i + 1)}`);
  const place = row => {
    const value = metric.value(row);
    if (value === null) return -1;
    return Math.min(RANGES - 1, Math.floor(((log ? Math.log10(value) : value) - low) / step));
  };
  return { labels, ordered: true, place };
}
