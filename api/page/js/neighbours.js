/** Architectures one edit away, and what the edit changes. */

import { h } from "./dom.js";
import { shown, signed } from "./format.js";

/** A table of the neighbours of `row`; `choose(id, compare)` when one is pressed. */
export function neighboursTable({ neighbours }, own, choose) {
  const minus = (value, base) =>
    value === null || value === undefined || base === null || base === undefined
      ? null
      : value - base;
  const lines = neighbours.map(other =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h(
          "button",
          {
            type: "button",
            class: "link",
            onclick: event => choose(other.name ?? other.key, event.shiftKey),
          },
          other.name ?? other.key.slice(0, 12),
        ),
      ),
      h("td", {}, other.edit),
      ...["supervised_rmse", "dip_rmse"].map(column =>
        h(
          "td",
          { class: "number" },
          shown(other[column]),
          h("small", {}, ` ${signed(minus(other[column], own?.[column]))}`),
        ),
      ),
    ),
  );
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Neighbours" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Neighbour"),
          h("th", { scope: "col" }, "Edit"),
          h("th", { scope: "col", class: "number" }, "Supervised RMSE, difference"),
          h("th", { scope: "col", class: "number" }, "DIP RMSE, difference"),
        ),
      ),
      h("tbody", {}, lines),
    ),
  );
}
