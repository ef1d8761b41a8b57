/** What is on the axes, the tools of the plot, its legend and the line that counts. */

import { at, check, h, select, svg } from "./dom.js";
import { why } from "./explain.js";
import { saveText } from "./export.js";
import { shown as count } from "./format.js";
import { menu } from "./metrics.js";
import { SHAPES } from "./palette.js";
import { change, current } from "./state.js";

/** Builds the controls once; the function returned brings them up to date. */
export function makeControls(data, metrics, plot, makeModel) {
  const numbers = menu(metrics.list, metric => metric.kind === "number");
  const classes = [["", [["", "nothing"]]], ...menu(metrics.list)];
  const model = () => makeModel(current());
  const axis = (letter, id) =>
    h(
      "div",
      { class: "field" },
      select(`axis-${letter}`, `${letter.toUpperCase()} axis`, numbers, "", value =>
        change({ [letter]: value, zoom: null, brush: null, page: 0 }),
      ),
      check(`log-${letter}`, "log", false, on => change({ [`${letter}log`]: on })),
      why(() => model()[id]),
    );
  const classed = (name, label) =>
    h(
      "div",
      { class: "field" },
      select(name, label, classes, "", value => change({ [name]: value })),
      why(() => model()[name].metric ?? { label, explain: `All marks have one ${name}.` }),
    );
  at("encodings").append(
    axis("x", "x"),
    axis("y", "y"),
    classed("colour", "Colour"),
    classed("shape", "Shape"),
    h(
      "div",
      { class: "field checks" },
      check("bars", "error bars", false, bars => change({ bars })),
      check("front", "Pareto front", false, front => change({ front })),
      button("swap", "Swap axes", swap(model)),
      button("unfilter", "Clear filters", () => change({ filters: [], page: 0 })),
    ),
  );
  at("encodings").addEventListener("submit", event => event.preventDefault());
  at("tools").append(...tools(plot, model));
  return state => {
    const now = model();
    const values = {
      "axis-x": now.x.id,
      "axis-y": now.y.id,
      colour: state.colour,
      shape: state.shape,
    };
    for (const [id, value] of Object.entries(values)) at(id).value = value;
    const checks = {
      "log-x": state.xlog,
      "log-y": state.ylog,
      bars: state.bars,
      front: state.front,
    };
    for (const [id, value] of Object.entries(checks)) at(id).checked = value;
    at(`tool-${["zoom", "pan"].includes(state.tool) ? state.tool : "select"}`).checked = true;
    at("plot").dataset.tool = state.tool;
    at("whole").disabled = state.zoom === null;
    at("unbrush").disabled = state.brush === null;
    at("unfilter").disabled = state.filters.length === 0;
    legend(now);
    at("status").textContent = counted(now, state, data);
  };
}

const button = (id, label, onclick) =>
  h("button", { type: "button", id, class: "small", onclick }, label);

function tools(plot, model) {
  const tool = (name, label) =>
    h(
      "label",
      { class: "check" },
      h("input", {
        type: "radio",
        name: "tool",
        id: `tool-${name}`,
        value: name,
        onchange: () => change({ tool: name }, { replace: true }),
      }),
      label,
    );
  const fit = () => {
    const { selected, x, y } = model();
    if (!selected.length) return;
    const ends = metric => {
      const values = selected.map(({ row }) => metric.value(row));
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const room = (high - low || Math.abs(high) || 1) * 0.05;
      return [low - room * (low - room > 0 || low <= 0 ? 1 : 0), high + room];
    };
    change({ zoom: [...ends(x), ...ends(y)] });
  };
  return [
    h(
      "fieldset",
      { class: "bare" },
      h("legend", { class: "quiet" }, "Drag to"),
      h("span", { "aria-hidden": "true" }, "Drag to"),
      tool("select", "select"),
      tool("zoom", "zoom"),
      tool("pan", "pan"),
    ),
    h(
      "span",
      { class: "buttons" },
      h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": "Zoom in",
          onclick: () => plot.zoomBy(1 / 1.5),
        },
        "+",
      ),
      h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": "Zoom out",
          onclick: () => plot.zoomBy(1.5),
        },
        "−",
      ),
      button("fit", "Fit selection", fit),
      button("whole", "Whole plot", () => change({ zoom: null })),
      button("unbrush", "Clear brush", () => change({ brush: null, page: 0 })),
      button("save-svg", "SVG", () => saveText("dipbench.svg", "image/svg+xml", plot.svg())),
    ),
  ];
}

function swap(model) {
  const turned = area => area && [area[2], area[3], area[0], area[1]];
  return () => {
    const { x, y, xlog, ylog } = model();
    const { zoom, brush } = current();
    change({ x: y.id, y: x.id, xlog: ylog, ylog: xlog, zoom: turned(zoom), brush: turned(brush) });
  };
}

function legend({ colour, shape, front, x, y }) {
  const groups = [];
  if (colour.metric)
    groups.push(
      group(
        colour.metric.label,
        colour.classes.map(c => [swatch(SHAPES[0], c.colour), c.label]),
      ),
    );
  if (shape.metric)
    groups.push(
      group(
        shape.metric.label,
        shape.classes.map(c => [swatch(c.shape, "currentColor"), c.label]),
      ),
    );
  if (front.length) {
    const way = metric => `${metric.better > 0 ? "high" : "low"} ${metric.label}`;
    groups.push(h("p", {}, `Pareto front, ${front.length} points: ${way(x)}, ${way(y)}.`));
  }
  at("legend").replaceChildren(...groups);
}

function group(name, items) {
  return h(
    "p",
    {},
    h("strong", {}, name),
    items.map(([mark, label]) => h("span", { class: "entry" }, mark, label)),
  );
}

function swatch(shape, fill) {
  const plain = {
    circle: "M6 0a6 6 0 1 1 0 12a6 6 0 1 1 0-12z",
    rect: "M0 0h12v12h-12z",
    triangle: "M6 0l6 12h-12z",
    diamond: "M6 0l6 6-6 6-6-6z",
  };
  return svg(
    "svg",
    { viewBox: "0 0 12 12", class: "swatch", "aria-hidden": "true" },
    svg("path", { d: plain[shape] ?? shape.replace("path://", ""), fill }),
  );
}

function counted({ shown, selected, points, unplaced, x, y }, state, data) {
  const parts = [`${count(shown.length)} of ${count(data.rows.length)} architectures shown`];
  if (state.brush) parts.push(`${count(selected.length)} selected`);
  if (unplaced)
    parts.push(`${count(unplaced)} ${unplaced === 1 ? "has" : "have"} no value on these axes`);
  if (state.bars) {
    const barred = points.filter(({ row }) => x.bar(row) || y.bar(row)).length;
    parts.push(`bars: one standard deviation between seeds, known for ${count(barred)}`);
  }
  return `${parts.join("; ")}.`;
}
