/** The tab that builds an architecture by clicking its choices, and shows its prediction move. */

import { fitted, fromText, initial, toText, wordOf } from "./choices.js";
import { at, h, keepFocus, select } from "./dom.js";
import { shortKey, shown } from "./format.js";
import { nameOf } from "./metrics.js";
import {
  noPrediction,
  predict,
  measuredScores,
  predictionFigure,
  rangeOfScores,
} from "./prediction.js";
import { get, latestOnly, post } from "./service.js";
import { change, current } from "./state.js";
import { drawNetwork, LEGEND } from "./unet.js";

/** Draws the tab; `choose(id)` shows what was built, `predicts` is told the prediction or null. */
export function makeBuilder(data, choose, predicts) {
  const tab = at("tab-build");
  const latest = latestOnly();
  const form = h("form", { id: "build-form", onsubmit: event => event.preventDefault() });
  const result = h("div", { id: "built", "aria-live": "polite" });
  const drawing = h("div", {});
  let spaces = null;
  let before = null;
  let asked = null;

  return async state => {
    if (state.tab !== "build" || asked === state.build) return;
    asked = state.build;
    try {
      spaces ??= (await get("spaces")).spaces;
    } catch (error) {
      asked = null;
      tab.replaceChildren(h("p", { class: "alarm" }, error.message));
      return;
    }
    if (!tab.contains(form)) tab.replaceChildren(result, form, drawing);
    const favourite = spaces.find(({ name }) => name === "unet64") ?? spaces[0];
    const { space, values } = fromText(spaces, current().build) ?? {
      space: favourite,
      values: initial(favourite),
    };
    keepFocus(() => form.replaceChildren(...fields(spaces, space, values)));
    latest(async isCurrent => show(space, values, isCurrent));
  };

  async function show(space, values, isCurrent) {
    try {
      const built = await post(`spaces/${space.name}/architecture`, values);
      const predicted = await predict(built, "denoise25", space.name).catch(error => error);
      if (!isCurrent()) return;
      const row = data.byId.get(built.key);
      result.replaceChildren(...about(built, row, choose), outcome(predicted, row));
      drawing.replaceChildren(...drawn(built));
    } catch (error) {
      if (isCurrent()) result.replaceChildren(h("p", { class: "alarm" }, error.message));
    }
  }

  function outcome(predicted, row) {
    predicts(predicted instanceof Error ? null : predicted);
    if (predicted instanceof Error) return noPrediction(predicted);
    if (before?.protocol !== predicted.protocol) before = null; // another surrogate's
    const measured = measuredScores(row, predicted, data);
    const figure = predictionFigure(predicted, before, measured, rangeOfScores(data));
    before = predicted;
    return figure;
  }
}

function about(built, row, choose) {
  const show = h(
    "button",
    { type: "button", class: "small", onclick: () => choose(built.name ?? built.key, false) },
    "Show its runs",
  );
  const compare = h(
    "button",
    { type: "button", class: "small", onclick: () => choose(built.name ?? built.key, true) },
    "Compare",
  );
  return [
    h("h3", {}, built.name ?? shortKey(built.key)),
    h(
      "p",
      {},
      `Depth ${built.depth}, SLC ${built.slc}, ${shown(built.params)} parameters, `,
      `${shown(built.macs)} MACs. `,
      built.measured.length ? "Measured. " : "Not measured. ",
      row || built.measured.length ? show : "",
      " ",
      compare,
    ),
  ];
}

function drawn(built) {
  return [
    h(
      "div",
      { class: "scroll drawing", tabindex: 0, role: "region", "aria-label": "Drawing" },
      drawNetwork(built.graph),
    ),
    h("p", { class: "note" }, LEGEND),
  ];
}

function fields(spaces, space, values) {
  const set = next => change({ build: toText(space, fitted(space, next)) });
  const items = spaces
    .filter(({ fields: known }) => known?.length)
    .map(({ name, size }) => [name, `${name}, ${size.toLocaleString("en")} architectures`]);
  const choice = select("build-space", "Space", [["", items]], space.name, name => {
    const other = spaces.find(candidate => candidate.name === name);
    change({ build: toText(other, fitted(other, values)) });
  });
  const single = space.fields.filter(({ kind }) => kind === "one");
  return [
    h("div", { class: "field" }, choice),
    h(
      "div",
      { class: "singles" },
      single.map(field => radios(field, values, set)),
    ),
    levels(space, values, set),
  ];
}

function radios(field, values, set) {
  return h(
    "fieldset",
    {},
    h("legend", { title: field.meaning }, nameOf(field.name)),
    field.choices.map((value, i) => {
      const input = h("input", {
        type: "radio",
        name: `build-${field.name}`,
        id: `build-${field.name}-${i}`,
        checked: values[field.name] === value,
        onchange: () => set({ ...values, [field.name]: value }),
      });
      return h("label", { class: "check" }, input, wordOf(value));
    }),
    h("p", { class: "note" }, field.meaning),
  );
}

/** One line for each level, one column for each field that has a value at every level. */
function levels(space, values, set) {
  const columns = space.fields.filter(({ kind }) => kind !== "one");
  const cell = (field, level) => {
    if (values[field.name][level] === undefined) return h("td", {}, "");
    const put = value =>
      set({
        ...values,
        [field.name]: values[field.name].map((old, i) => (i === level ? value : old)),
      });
    const [id, label] = [`build-${field.name}-${level}`, `${nameOf(field.name)} at level ${level}`];
    if (field.choices.every(value => typeof value === "boolean")) {
      const box = h("input", {
        type: "checkbox",
        id,
        "aria-label": label,
        onchange: event => put(event.target.checked),
      });
      box.checked = values[field.name][level];
      return h("td", {}, box);
    }
    const options = field.choices.map((value, i) =>
      h("option", { value: i, selected: value === values[field.name][level] }, wordOf(value)),
    );
    return h(
      "td",
      {},
      h(
        "select",
        {
          id,
          "aria-label": label,
          onchange: event => put(field.choices[Number(event.target.value)]),
        },
        options,
      ),
    );
  };
  const rows = Array.from({ length: values.depth }, (_, level) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `level ${level}`),
      columns.map(field => cell(field, level)),
    ),
  );
  const heads = columns.map(({ name, meaning }) =>
    h("th", { scope: "col", title: meaning }, nameOf(name)),
  );
  const head = h("thead", {}, h("tr", {}, h("td", {}, ""), heads));
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Choices at each level" },
    h("table", { class: "levels" }, head, h("tbody", {}, rows)),
  );
}
