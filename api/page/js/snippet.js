/** How to ask for the same in Python. */

import { copyButton, h } from "./dom.js";

/**
 * A snippet for one or two architectures, with a button that copies it.
 *
 * `source` is the table that is shown, null if nothing was measured; `usual` says that it is the one
 * that a query of its task finds by itself.
 */
export function snippet(chosen, source, usual) {
  const names = chosen.map(({ name, key }) => JSON.stringify(name ?? key));
  const text = (source ? query(names, source, usual) : prediction(names)).join("\n");
  return h(
    "div",
    {},
    h("pre", { tabindex: 0 }, h("code", {}, text)),
    copyButton(() => text),
  );
}

function query(names, { task, protocol }, usual) {
  const many = names.length > 1;
  const call = many ? `frame = query_many([${names.join(", ")}]` : `result = query(${names[0]}`;
  const imports = [...(usual ? [] : ["load"]), many ? "query_many" : "query"].join(", ");
  const table = usual ? "" : `, table=load(protocol="${protocol}")`;
  const lines = [
    `from dipbench import ${imports}`,
    "",
    `# table ${protocol}; RMSE in grey levels`,
    `${call}, task="${task}"${table})`,
  ];
  if (!many)
    lines.push(
      "result.supervised_rmse, result.dip_rmse, result.n_seeds, result.n_images",
      'result.curve("dip").rmse',
    );
  return lines;
}

function prediction([name]) {
  return [
    "from dipbench import predict",
    "",
    `prediction = predict(${name})  # not measured`,
    "prediction.supervised_rmse, prediction.dip_rmse",
  ];
}
