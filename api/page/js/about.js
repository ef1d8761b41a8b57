/** What stands around the plot: the line about the tables, help, and how to cite. */

import { at, copyButton, h } from "./dom.js";
import { shown } from "./format.js";

export function makeAbout(data) {
  at("about").textContent = data.tables
    .map(
      ({ protocol, space, tasks, architectures, runs }) =>
        `${protocol}: space ${space}, ${tasks.join(", ")}, ` +
        `${shown(architectures)} architectures, ${shown(runs)} runs`,
    )
    .join(" · ");
  at("help").addEventListener("click", () => dialog("Help", help(data)));
  at("cite").addEventListener("click", async () => dialog("How to cite", await citation(data)));
}

function dialog(title, content) {
  const box = at("dialog");
  const close = h("button", { type: "button", onclick: () => box.close() }, "Close");
  box.replaceChildren(h("h2", { id: "dialog-title" }, title), ...content, h("p", {}, close));
  box.showModal();
}

function help(data) {
  const pages = [
    ["definitions", "what is measured: level, depth, SLC, RMSE, the grammar of graphs"],
    ["protocol", "the numbers of the protocol"],
    ["findings", "what the table shows"],
    ["datasheet", "where the table comes from"],
    ["explorer", "this page, with pictures"],
  ];
  return [
    h(
      "p",
      {},
      "Every point is one encoder-decoder network. Supervised: it was trained on images. " +
        "DIP (Deep Image Prior): it was fitted to one degraded image at a time, without any training " +
        "set. RMSE is in grey levels on 0–255; lower is better. Nothing is filled in: what was not " +
        "measured has no point.",
    ),
    h("p", {}, "All that is shown is in the address: copy it to share a view; Back undoes a step."),
    h("p", {}, at("plot-keys").textContent),
    h(
      "ul",
      {},
      pages.map(([name, text]) =>
        h("li", {}, h("a", { href: `documentation/${name}.md` }, name), `: ${text}`),
      ),
      h(
        "li",
        {},
        h("a", { href: "docs" }, "API"),
        ": every route, and ",
        h("a", { href: "openapi.json" }, "openapi.json"),
      ),
    ),
    h(
      "p",
      {},
      "Tables: ",
      data.tables.map(({ protocol, protocol_hash, sha256 }) =>
        h(
          "span",
          { class: "hash" },
          `${protocol} (protocol ${protocol_hash.slice(0, 12)}, table ${sha256.slice(0, 12)}) `,
        ),
      ),
    ),
    h(
      "p",
      { class: "note" },
      "Plots by ",
      h("a", { href: "page/vendor/echarts/VERSION.md" }, "Apache ECharts"),
      ".",
    ),
  ];
}

async function citation(data) {
  const tables = data.tables.map(t => `${t.protocol} (${t.sha256.slice(0, 12)})`);
  const bibtex =
    "@software{dipbench,\n" +
    "  title = {dipbench: a neural architecture search benchmark for image restoration},\n" +
    `  author = {{The dipbench maintainers}},\n  version = {${data.version}},\n` +
    `  note = {${tables.length > 1 ? "Tables" : "Table"} ${tables.join(", ")}}\n}`;
  return [
    h("pre", { tabindex: 0 }, bibtex),
    copyButton(() => bibtex, "Copy BibTeX"),
    h(
      "p",
      {},
      h("a", { href: "citation.cff" }, "CITATION.cff"),
      ". Measurements on the photographs of BSDS500 also cite Arbeláez, Maire, Fowlkes and ",
      "Malik, TPAMI 2011.",
    ),
  ];
}
