/** The tab of the chosen architecture, or of two side by side. */

import { at, copyButton, h, keepFocus, select } from "./dom.js";
import { shortKey } from "./format.js";
import { curveFigure } from "./curves.js";
import { neighboursTable } from "./neighbours.js";
import { numbers } from "./numbers.js";
import { noPrediction, predict, predictionFigure, rangeOfScores } from "./prediction.js";
import { runsFigure } from "./runs.js";
import { get, latestOnly } from "./service.js";
import { snippet } from "./snippet.js";
import { change, current } from "./state.js";
import { drawNetwork, LEGEND } from "./unet.js";

/** Draws the tab for a state; asks the service for what is not there yet, and drops late answers. */
export function makeArchitecture(data, metrics, choose) {
  const tab = at("tab-architecture");
  const latest = latestOnly();
  let open = [];
  let drawn = "";

  return state => {
    const asked = [state.a, state.b, state.source].join("\n");
    if (asked === drawn) return;
    drawn = asked;
    latest(async isCurrent => {
      const letters = [
        ["A", state.a],
        ["B", state.b],
      ].filter(([, id]) => id);
      const answers = await Promise.allSettled(
        letters.map(([letter, id]) => gather(letter, id, state, data)),
      );
      if (!isCurrent()) return;
      open.forEach(figure => figure.end());
      open = [];
      keepFocus(() => tab.replaceChildren(...render(answers, letters)));
      tab.scrollTop = 0;
    });
  };

  function render(answers, letters) {
    if (!letters.length) return [welcome(data)];
    const failed = answers.flatMap((answer, i) =>
      answer.reason
        ? [h("p", { class: "alarm" }, h("strong", {}, `${letters[i][1]}: `), answer.reason.message)]
        : [],
    );
    const entries = answers.filter(answer => answer.value).map(answer => answer.value);
    if (!entries.length) return failed;
    const measured = entries.filter(entry => entry.runs.length);
    const figures = measured.length
      ? [curveFigure("supervised", measured), curveFigure("dip", measured), runsFigure(measured)]
      : [];
    open = figures;
    return [
      ...failed,
      h("div", { class: `cards of-${entries.length}` }, entries.map(card)),
      h("p", { class: "note" }, LEGEND),
      sourceChoice(entries[0], data),
      section(
        "Numbers",
        h(
          "p",
          { class: "note" },
          "RMSE in grey levels on 0–255; ± one standard deviation between seeds.",
        ),
        ...numbers(entries, metrics.list),
      ),
      ...entries
        .filter(entry => entry.prediction)
        .map(entry => section(`Prediction of ${entry.letter}`, entry.prediction)),
      figures.length ? section("Learning curves", figures[0].node, figures[1].node) : "",
      figures.length ? section("Runs", figures[2].node) : "",
      ...entries.map(entry =>
        section(
          entries.length > 1 ? `Neighbours of ${entry.letter}` : "Neighbours",
          entry.neighbours
            ? neighboursTable(entry.neighbours, entry.row?.scores[entry.source?.id], choose)
            : h("p", {}, entry.why),
        ),
      ),
      section("In Python", snippet(entries, entries[0].source, isUsual(entries[0].source, data))),
    ].filter(Boolean);
  }
}

/** All that the tab shows of one architecture. */
async function gather(letter, id, state, data) {
  const about = await get(`architectures/${encodeURIComponent(id)}`);
  const row = data.byId.get(about.key);
  const sources = data.sources.filter(({ protocol, task }) =>
    about.measured.some(m => m.protocol === protocol && m.task === task),
  );
  const source = sources.find(({ id: own }) => own === state.source) ?? sources[0];
  const place = { task: source?.task, protocol: source?.protocol };
  const architecture = about.key;
  const [runs, neighbours, prediction] = await Promise.allSettled([
    source ? get("runs", { architecture, ...place, curves: true }) : { runs: [] },
    get(`architectures/${encodeURIComponent(about.name ?? about.key)}/neighbours`, place),
    source ? null : predict(about, "denoise25"),
  ]);
  return {
    ...about,
    letter,
    row,
    sources,
    source,
    runs: runs.value?.runs ?? [],
    neighbours: neighbours.value,
    why: neighbours.reason?.message,
    prediction: source
      ? null
      : prediction.value
        ? predictionFigure(prediction.value, null, null, rangeOfScores(data))
        : noPrediction(prediction.reason),
  };
}

function card({ letter, name, key, graph, measured }) {
  const remove = () => (letter === "A" ? change({ a: "", b: "" }) : change({ b: "" }));
  const tools = [
    h(
      "button",
      {
        type: "button",
        class: "small",
        id: `close-${letter}`,
        "aria-label": `Close ${letter}`,
        onclick: remove,
      },
      "×",
    ),
  ];
  if (letter === "B")
    tools.unshift(
      h(
        "button",
        { type: "button", class: "small", id: "change-places", onclick: swapped },
        "Swap",
      ),
    );
  return h(
    "article",
    { class: `card card-${letter.toLowerCase()}` },
    h(
      "h3",
      {},
      h("b", { class: `mark-${letter.toLowerCase()}` }, `${letter} `),
      name ?? shortKey(key),
      h("span", { class: "buttons" }, tools),
    ),
    h(
      "p",
      { class: "key" },
      "key ",
      h("code", {}, shortKey(key)),
      " ",
      copyButton(() => key, "Copy key"),
      measured.length ? "" : " not measured",
    ),
    h(
      "div",
      {
        class: "scroll drawing",
        tabindex: 0,
        role: "region",
        "aria-label": `Drawing of ${letter}`,
      },
      drawNetwork(graph),
    ),
  );
}

const swapped = () => change({ a: current().b, b: current().a });

function sourceChoice({ sources, source }) {
  if (sources.length < 2) return "";
  const items = sources.map(({ id, task, protocol }) => [id, `${task} · ${protocol}`]);
  return h(
    "div",
    { class: "field" },
    select("source", "Runs and curves of", [["", items]], source.id, id => change({ source: id })),
  );
}

/** Whether a query of the task finds this table without being told. */
function isUsual(source, data) {
  return !source || data.sources.find(({ task }) => task === source.task) === source;
}

function section(title, ...content) {
  return h("section", {}, h("h3", {}, title), ...content);
}

function welcome(data) {
  const names = data.rows
    .slice(0, 3)
    .map(row => row.label)
    .join(", ");
  return h(
    "div",
    { class: "welcome" },
    h(
      "p",
      {},
      "Choose a point of the plot, a row of the table, or search for a name such as ",
      names,
      ".",
    ),
    h(
      "p",
      {},
      "Then choose another with Shift and a click, the key C, or ⇄ in the table, to see both ",
      "side by side.",
    ),
  );
}
