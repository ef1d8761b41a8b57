/** The tab of filters: choices of each feature, ranges of any metric, words of the name. */

import { at, check, h, keepFocus, select } from "./dom.js";
import { rangeOf, toggled, withFilter } from "./filter.js";
import { shown } from "./format.js";
import { why } from "./explain.js";
import { menu } from "./metrics.js";
import { change, current } from "./state.js";

const set = (filters, burst = "") => change({ filters, page: 0 }, { burst });

export function makeFilters(data, metrics) {
  const features = metrics.list.filter(metric => metric.values && !metric.source);
  const numeric = metrics.list.filter(metric => metric.kind === "number" && !metric.values);
  const levels = levelsOf(data.rows);
  return state => {
    const typed = document.activeElement;
    const typing = typed.matches("input:not([type=checkbox])");
    if (typing && at("tab-filters").contains(typed)) return; // drawn again, it would lose its place
    keepFocus(() =>
      at("tab-filters").replaceChildren(
        h("p", {}, "All filters must hold. Choices within one feature are alternatives."),
        byName(state),
        ...features.map(metric => choices(metric, state)),
        levels.length ? skips(levels, state, metrics) : "",
        h("h3", {}, "Ranges"),
        ...ranged(state, metrics).map(metric => range(metric, data.rows, state)),
        adder(numeric, state),
      ),
    );
  };
}

function ranged(state, metrics) {
  return state.filters
    .filter(([, text]) => rangeOf(text))
    .map(([id]) => metrics.byId.get(id))
    .filter(Boolean);
}

function byName(state) {
  const value = state.filters.find(([id]) => id === "name")?.[1] ?? "";
  return h(
    "div",
    { class: "field" },
    h("label", { for: "filter-name" }, "Name contains"),
    h("input", {
      id: "filter-name",
      value,
      oninput: event =>
        set(withFilter(current().filters, "name", event.target.value.trim()), "name"),
    }),
  );
}

function choices(metric, state) {
  const chosen = (state.filters.find(([id]) => id === metric.id)?.[1] ?? "").split("|");
  return h(
    "fieldset",
    {},
    h(
      "legend",
      {},
      metric.label,
      " ",
      why(() => metric),
    ),
    metric.values.map(value =>
      check(`filter-${metric.id}-${value}`, String(value), chosen.includes(String(value)), () =>
        set(toggled(current().filters, metric.id, value)),
      ),
    ),
  );
}

/** Levels that any row skips at, where skips are digits. */
function levelsOf(rows) {
  const texts = rows
    .map(row => row.skips)
    .filter(skips => typeof skips === "string" && /^\d+$/.test(skips));
  return [...new Set(texts.join(""))].sort();
}

function skips(levels, state, metrics) {
  const chosen = (state.filters.find(([id]) => id === "skips")?.[1] ?? "").split("|");
  return h(
    "fieldset",
    {},
    h(
      "legend",
      {},
      "Skip connection at each of ",
      why(() => metrics.byId.get("skips")),
    ),
    levels.map(level =>
      check(`filter-skips-${level}`, `level ${level}`, chosen.includes(level), () =>
        set(toggled(current().filters, "skips", level)),
      ),
    ),
  );
}

function range(metric, rows, state) {
  const text = state.filters.find(([id]) => id === metric.id)[1];
  const [low, high] = text.split("..");
  const values = rows.map(metric.value).filter(value => value !== null);
  const end = (name, value, index) =>
    h("input", {
      id: `${name}-${metric.id}`,
      type: "number",
      step: "any",
      value,
      "aria-label": `${metric.label}, ${name}`,
      placeholder: shown(index ? Math.max(...values) : Math.min(...values)),
      oninput: event => {
        const ends = (current().filters.find(([id]) => id === metric.id)?.[1] ?? "..").split("..");
        ends[index] = event.target.value;
        set(withFilter(current().filters, metric.id, ends.join("..")), metric.id);
      },
    });
  return h(
    "div",
    { class: "field range" },
    h(
      "span",
      {},
      metric.label,
      metric.from ? ` (${metric.from}) ` : " ",
      why(() => metric),
    ),
    h(
      "span",
      {},
      end("from", low, 0),
      " to ",
      end("to", high, 1),
      metric.unit ? ` ${metric.unit} ` : " ",
      h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": `Remove the range of ${metric.label}`,
          onclick: () => set(withFilter(current().filters, metric.id, "")),
        },
        "×",
      ),
    ),
  );
}

function adder(numeric, state) {
  const free = numeric.filter(({ id }) => !state.filters.some(([other]) => other === id));
  return h(
    "div",
    { class: "field" },
    select(
      "add-range",
      "Add a range of",
      [["", [["", "choose a metric"]]], ...menu(free)],
      "",
      id => id && set(withFilter(current().filters, id, "..")),
    ),
  );
}
