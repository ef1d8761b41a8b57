/** Starts the page: loads the tables, builds each part once, draws all on every change of state. */

import { makeAbout } from "./about.js";
import { makeArchitecture } from "./architecture.js";
import { makeBuilder } from "./builder.js";
import { makeControls } from "./controls.js";
import { load } from "./data.js";
import { at } from "./dom.js";
import { makeFilters } from "./filters.js";
import { makeGraph } from "./graph.js";
import { makeMetrics } from "./metrics.js";
import { makeModel } from "./model.js";
import { makePlot } from "./plot.js";
import { makeSearch } from "./search.js";
import { change, current, onChange, start } from "./state.js";
import { makeTable } from "./table.js";
import { makeTabs } from "./tabs.js";
import { onTheme } from "./palette.js";

async function main() {
  const data = await load();
  const metrics = makeMetrics(data);
  const model = makeModel(data, metrics);
  start();
  const chooseRow = (row, compare) => choose(row.name ?? row.key, compare);
  const plot = makePlot(data, chooseRow);
  const parts = [
    makeTabs(),
    makeControls(data, metrics, plot, model),
    makeFilters(data, metrics),
    makeArchitecture(data, metrics, choose),
    makeBuilder(data, choose, plot.predict),
  ];
  const table = makeTable(data, metrics, chooseRow);
  makeAbout(data);
  makeGraph(data, choose);
  makeSearch(data, chooseRow, id => choose(id, false));
  const draw = () => {
    const now = model(current());
    plot.draw(now);
    for (const part of parts) part(current());
    table(now, current());
  };
  onChange(draw);
  onTheme(() => {
    model.forget();
    draw();
  });
  at("skip").addEventListener("click", event => {
    event.preventDefault(); // the fragment is the state
    at("table-part").focus();
  });
  draw();
  document.body.dataset.ready = "true";
}

/** Chooses an architecture by name or key: the first as A, one to compare as B. */
function choose(id, compare) {
  const { a } = current();
  const other = compare && a && a !== id;
  change({
    ...(other ? { b: id } : { a: id, b: current().b === id ? "" : current().b }),
    tab: "architecture",
  });
  at("spoken").textContent = other ? `Comparing with ${id}` : `Chosen: ${id}`;
}

main().catch(error => {
  at("about").textContent = "The explorer could not start.";
  at("error").textContent = error.message;
});
