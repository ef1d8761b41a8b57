/** A prediction with its interval, as numbers and as a scale on which it moves. */

import { h, svg } from "./dom.js";
import { ticks } from "./scale.js";
import { shown } from "./format.js";
import { get, post } from "./service.js";

/**
 * Asks for the prediction of a name, or of a graph where there is no name.
 *
 * `space` says whose surrogate is asked; by default the first that knows the network.
 */
export function predict({ name, graph }, task, space = null) {
  const asked = space ? { task, space } : { task };
  if (name) return get("predict", { architecture: name, ...asked });
  return post(`predict?${new URLSearchParams(asked)}`, {
    nodes: plain(graph),
    edges: graph.edges,
  });
}

/** Nodes as the service takes them: channels only where an op has its own. */
function plain(graph) {
  const own = new Set(["conv3", "down", "skip1", "up-transposed"]);
  return graph.nodes.map(({ id, op, channels }) =>
    own.has(op) ? { id, op, channels } : { id, op },
  );
}

const MODES = [
  ["supervised", "Supervised RMSE"],
  ["dip", "DIP RMSE, peak"],
  ["dip_averaged", "DIP RMSE, averaged, peak"],
];
const WIDTH = 400;

/** The measured scores that a prediction may stand beside: those of the table it was made from. */
export function measuredScores(row, found, { sources }) {
  const source = sources.find(({ protocol }) => protocol === found.protocol) ?? sources[0];
  return row?.scores[source?.id];
}

/**
 * Both predictions on one scale from the least to the greatest measurement.
 *
 * `before` is the last prediction, drawn pale, so that one sees it move; `measured` has the same columns.
 */
export function predictionFigure(found, before, measured, [low, high]) {
  const share = value => Math.log(value / low) / Math.log(high / low);
  const at = value => 10 + Math.max(0, Math.min(1, share(value))) * (WIDTH - 20);
  const rows = MODES.filter(
    ([mode]) => found[`${mode}_rmse`] !== null && found[`${mode}_rmse`] !== undefined,
  );
  const percent = Math.round((found.level ?? 0.9) * 100);
  const bar = (values, mode, y, kind) =>
    values?.[`${mode}_low`] === undefined
      ? null
      : svg(
          "g",
          { class: kind },
          svg("line", {
            x1: at(values[`${mode}_low`]),
            x2: at(values[`${mode}_high`]),
            y1: y,
            y2: y,
          }),
          svg("circle", { cx: at(values[`${mode}_rmse`]), cy: y, r: kind === "is" ? 3 : 4 }),
        );
  const bottom = rows.length * 42 + 6;
  const drawn = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${bottom + 16}`, class: "prediction", "aria-hidden": "true" },
    ticks(Math.log10(low), Math.log10(high), true).map(place => [
      svg("line", { x1: at(10 ** place), x2: at(10 ** place), y1: 14, y2: bottom, class: "grid" }),
      svg(
        "text",
        { x: at(10 ** place), y: bottom + 13, "text-anchor": "middle" },
        String(Math.round(10 ** place)),
      ),
    ]),
    rows.map(([mode, label], i) => {
      const y = 24 + i * 42;
      const known = measured?.[`${mode}_rmse`];
      return [
        svg("text", { x: 10, y: y - 9 }, label),
        svg("line", { x1: 10, x2: WIDTH - 10, y1: y, y2: y, class: "level" }),
        bar(before, mode, y + 9, "was"),
        bar(found, mode, y, "is"),
        known ? svg("path", { d: `M${at(known)} ${y - 9}v18`, class: "measured" }) : null,
      ];
    }),
  );
  return h(
    "div",
    { class: "predicted" },
    h(
      "dl",
      {},
      rows.map(([mode, label]) => [
        h("dt", {}, label),
        h(
          "dd",
          {},
          `${grey(found[`${mode}_rmse`])}, ${percent} % interval `,
          `${grey(found[`${mode}_low`])} to ${grey(found[`${mode}_high`])}`,
          change(found, before, mode),
          measured?.[`${mode}_rmse`] ? `; measured ${grey(measured[`${mode}_rmse`])}` : "",
        ),
      ]),
    ),
    drawn,
    h(
      "p",
      { class: "note" },
      found.n_rows ? `Predicted from ${shown(found.n_rows)} measured architectures` : "Predicted",
      found.in_sample ? ", this one among them. " : ", not measured. ",
      "RMSE in grey levels on 0–255. Band: the interval. Pale: before the last change. ",
      "Bar across: measured.",
    ),
  );
}

const grey = value => value.toFixed(2);

function change(found, before, mode) {
  const difference = before ? found[`${mode}_rmse`] - before[`${mode}_rmse`] : 0;
  return Math.abs(difference) < 0.005
    ? ""
    : ` (${difference > 0 ? "+" : "−"}${grey(Math.abs(difference))})`;
}

/** Why there is no prediction, in the service's words. */
export function noPrediction(error) {
  return h("p", { class: "note" }, h("strong", {}, "No prediction. "), error.message);
}

/** The range of all measurements of both modes and some below, for the scale. */
export function rangeOfScores(data) {
  const values = data.rows
    .flatMap(row =>
      Object.values(row.scores).flatMap(score => [score.supervised_rmse, score.dip_rmse]),
    )
    .filter(value => value !== null && value !== undefined);
  return values.length
    ? [Math.floor(Math.min(...values) * 0.8), Math.ceil(Math.max(...values))]
    : [5, 50];
}
