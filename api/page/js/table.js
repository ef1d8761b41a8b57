/** The selection as a table: the plot for those who would rather read, and its sort order. */

import { at, h, keepFocus } from "./dom.js";
import { saveText, toCsv, toJson } from "./export.js";
import { shown } from "./format.js";
import { change } from "./state.js";

const PAGE = 20;

/** Draws the table of a model; `choose(row, compare)` when a name is pressed. */
export function makeTable(data, metrics, choose) {
  return (model, state) =>
    keepFocus(() => {
      const columns = columnsOf(model, metrics, data.sources);
      const known = [NAME, ...columns].some(({ id }) => id === state.sort.replace(/^-/, ""));
      const sort = known ? state.sort : columns[0].id;
      const rows = sortRows(
        model.selected.map(({ row }) => row),
        [NAME, ...columns],
        sort,
      );
      const pages = Math.max(1, Math.ceil(rows.length / PAGE));
      const page = Math.min(state.page, pages - 1);
      const body = rows.slice(page * PAGE, (page + 1) * PAGE);
      at("table-tools").replaceChildren(...tools(rows, data, state));
      at("table").replaceChildren(
        h(
          "table",
          {},
          h(
            "caption",
            { class: "quiet" },
            "Architectures of the selection, rows ",
            `${page * PAGE + 1} to ${page * PAGE + body.length} of ${rows.length}`,
          ),
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              [NAME, ...columns].map(column => heading(column, sort)),
            ),
          ),
          h(
            "tbody",
            {},
            body.map(row => line(row, columns, state, choose)),
          ),
        ),
      );
      at("pages").replaceChildren(...turner(page, pages));
    });
}

const NAME = {
  id: "name",
  label: "Architecture",
  value: row => row.label,
  explain: "Name in its space, or the beginning of the canonical key.",
};

/** The axes first, then features and headline scores; metrics of text and numbers, each once. */
function columnsOf({ x, y, colour, shape }, metrics, sources) {
  const usual = ["depth", "slc", "skips", "upsample", "width", "params", "macs"];
  const headline = sources.flatMap(({ id }) => [
    `${id}:supervised_rmse`,
    `${id}:dip_rmse`,
    `${id}:dip_averaged_rmse`,
  ]);
  const wanted = [
    x,
    y,
    colour.metric,
    shape.metric,
    ...[...usual, ...headline].map(id => metrics.byId.get(id)),
  ];
  return [...new Set(wanted.filter(Boolean))];
}

/** Sorted by one column; what has no value comes last, either way. */
export function sortRows(rows, columns, sort) {
  const down = sort.startsWith("-");
  const column = columns.find(({ id }) => id === sort.replace(/^-/, ""));
  const order = (a, b) => (typeof a === "number" ? a - b : String(a).localeCompare(String(b)));
  return [...rows].sort((first, second) => {
    const [a, b] = [column.value(first), column.value(second)];
    if (a === null || b === null) return (a === null) - (b === null);
    return (down ? -1 : 1) * order(a, b) || first.label.localeCompare(second.label);
  });
}

function header({ id, label, unit, from, explain }, sort) {
  const sign = { [id]: "\u00a0▲", [`-${id}`]: "\u00a0▼" }[sort] ?? "";
  const onclick = () => change({ sort: sort === id ? `-${id}` : id, page: 0 }, { replace: true });
  const under = [unit, from].filter(Boolean).join(", ");
  return h(
    "button",
    { type: "button", id: `sort-${id}`, title: explain, onclick },
    label,
    sign,
    under ? h("small", {}, under) : null,
  );
}

function heading(column, sort) {
  const sorted = { [column.id]: "ascending", [`-${column.id}`]: "descending" }[sort] ?? null;
  return h(
    "th",
    { scope: "col", "aria-sort": sorted, class: column.kind === "number" ? "number" : null },
    header(column, sort),
  );
}

function line(row, columns, { a, b }, choose) {
  const is = id => id !== "" && (id === row.key || id === row.name);
  const press = h(
    "button",
    {
      type: "button",
      id: `row-${row.key}`,
      class: "link",
      onclick: event => choose(row, event.shiftKey),
    },
    row.label,
  );
  const compare = h(
    "button",
    {
      type: "button",
      class: "small",
      "aria-label": `Compare with ${row.label}`,
      title: "Compare with the chosen one",
      onclick: () => choose(row, true),
    },
    "⇄",
  );
  const mark = is(a)
    ? h("b", { class: "mark-a" }, " A")
    : is(b)
      ? h("b", { class: "mark-b" }, " B")
      : null;
  return h(
    "tr",
    { "aria-current": is(a) || is(b) ? "true" : null },
    h("th", { scope: "row" }, press, mark, compare),
    columns.map(c =>
      h("td", { class: c.kind === "number" ? "number" : null }, shown(c.value(row), c.real)),
    ),
  );
}

function tools(rows, data, state) {
  const save = (id, label, name, type, make) =>
    h(
      "button",
      { type: "button", class: "small", id, onclick: () => saveText(name, type, make()) },
      label,
    );
  return [
    h(
      "span",
      {},
      `${shown(rows.length)} architectures, `,
      state.brush ? "in the brush. " : "all that the plot shows. ",
    ),
    save("save-csv", "CSV", "dipbench.csv", "text/csv", () => toCsv(rows, data.sources)),
    save("save-json", "JSON", "dipbench.json", "application/json", () => toJson(rows, data)),
  ];
}

function turner(page, pages) {
  const go = (id, label, to) =>
    h(
      "button",
      {
        type: "button",
        class: "small",
        id,
        disabled: to < 0 || to >= pages,
        onclick: () => change({ page: to }, { replace: true }),
      },
      label,
    );
  return [
    go("first", "First", page === 0 ? -1 : 0),
    go("before", "Before", page - 1),
    h("span", {}, ` ${page + 1} of ${pages} `),
    go("next", "Next", page + 1),
    go("last", "Last", page === pages - 1 ? pages : pages - 1),
  ];
}
