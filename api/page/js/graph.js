/** The tab for a graph of one's own: paste or drop node-link JSON. */

import { at, copyButton, h } from "./dom.js";
import { shown } from "./format.js";
import {
  noPrediction,
  predict,
  measuredScores,
  predictionFigure,
  rangeOfScores,
} from "./prediction.js";
import { latestOnly, post } from "./service.js";
import { drawNetwork, LEGEND } from "./unet.js";

const MOST = 1_000_000; // bytes, the service's limit
const EXAMPLE = `{"nodes": [{"id": "x", "op": "input"}, {"id": "y", "op": "output"},
  {"id": "c", "op": "conv3", "channels": 8}],
 "edges": [{"source": "x", "target": "c"}, {"source": "c", "target": "y"}]}`;

/** Builds the tab once. */
export function makeGraph(data, choose) {
  const latest = latestOnly();
  const text = h("textarea", {
    id: "graph-text",
    rows: 7,
    spellcheck: "false",
    placeholder: EXAMPLE,
  });
  const result = h("div", { id: "graph-result", "aria-live": "polite" });
  const file = h("input", {
    type: "file",
    id: "graph-file",
    accept: ".json,application/json",
    onchange: () => read(file.files[0]),
  });
  const lookUp = () => latest(isCurrent => ask(text.value, data, choose, isCurrent, result));

  async function read(dropped) {
    if (!dropped) return;
    if (dropped.size > MOST) {
      result.replaceChildren(
        h(
          "p",
          { class: "alarm" },
          `${dropped.name} has ${shown(dropped.size)} bytes; at most ${shown(MOST)} are read.`,
        ),
      );
      return;
    }
    text.value = await dropped.text();
    lookUp();
  }

  const zone = h(
    "div",
    { id: "drop" },
    h(
      "label",
      { for: "graph-text" },
      "A network as networkx's node-link JSON: paste it, drop a file here, or open one",
    ),
    text,
    h(
      "p",
      {},
      h("button", { type: "button", id: "look-up", onclick: lookUp }, "Look up"),
      " ",
      h(
        "button",
        {
          type: "button",
          class: "small",
          onclick: () => {
            text.value = EXAMPLE;
            lookUp();
          },
        },
        "Example",
      ),
      " ",
      h("label", { for: "graph-file" }, "File "),
      file,
    ),
  );
  zone.addEventListener("dragover", event => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", event => {
    event.preventDefault();
    zone.classList.remove("over");
    read(event.dataTransfer.files[0]);
  });
  at("tab-graph").append(
    h(
      "p",
      {},
      "The ops and their attributes are in the documentation. The graph is sent to this service ",
      "and not kept; it is not part of the address.",
    ),
    zone,
    result,
  );
}

async function ask(text, data, choose, isCurrent, result) {
  try {
    const found = await post("features", text);
    const predicted = await predictIfPossible(found);
    if (isCurrent()) result.replaceChildren(...about(found, predicted, data, choose));
  } catch (error) {
    if (isCurrent()) result.replaceChildren(h("p", { class: "alarm" }, error.message));
  }
}

async function predictIfPossible(found) {
  if (!found.name && !found.graph) return new Error("The service gave no graph to predict from.");
  return predict(found, "denoise25").catch(error => error);
}

function about(found, predicted, data, choose) {
  const id = found.name ?? found.key;
  const measured = found.measured?.length > 0;
  const row = data.byId.get(found.key);
  const pairs = [
    ["Name", found.name],
    ["Depth", found.depth],
    ["SLC", found.slc],
    ["Parameters", found.params],
    ["MACs", found.macs],
    ["Nodes", found.nodes],
    [
      "Measured",
      measured
        ? found.measured.map(({ task, protocol }) => `${task} (${protocol})`).join(", ")
        : "no",
    ],
  ];
  return [
    h("h3", {}, measured ? "Found in a table" : "Not in a table"),
    h(
      "dl",
      {},
      pairs.map(([name, value]) => [h("dt", {}, name), h("dd", {}, shown(value))]),
      h("dt", {}, "Key"),
      h(
        "dd",
        {},
        found.key
          ? [h("code", {}, found.key), " ", copyButton(() => found.key)]
          : (found.note ?? "none"),
      ),
    ),
    measured
      ? h(
          "p",
          {},
          h("button", { type: "button", onclick: event => choose(id, event.shiftKey) }, "Show it"),
        )
      : "",
    found.graph
      ? h(
          "div",
          { class: "scroll drawing", tabindex: 0, role: "region", "aria-label": "Drawing" },
          drawNetwork(found.graph),
        )
      : "",
    found.graph ? h("p", { class: "note" }, LEGEND) : "",
    predicted instanceof Error
      ? noPrediction(predicted)
      : predictionFigure(
          predicted,
          null,
          measuredScores(row, predicted, data),
          rangeOfScores(data),
        ),
  ];
}
