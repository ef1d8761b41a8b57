/** Metrics that an axis, a colour, a filter or a column of the table can show. */

const LABELS = {
  supervised_rmse: "Supervised RMSE",
  supervised_rmse_val: "Supervised RMSE, validation",
  supervised_std: "Supervised std between seeds",
  supervised_seconds: "Supervised time",
  dip_rmse: "DIP RMSE, peak",
  dip_std: "DIP std between seeds",
  dip_final_rmse: "DIP RMSE, last iteration",
  dip_averaged_rmse: "DIP RMSE, averaged, peak",
  dip_averaged_final_rmse: "DIP RMSE, averaged, last",
  dip_stopped_rmse: "DIP RMSE, at ES-WMV stop",
  dip_seconds: "DIP time",
  dip_exact_rmse: "DIP RMSE, peak of all iterations",
  dip_averaged_exact_rmse: "DIP RMSE, averaged, of all iterations",
  dip_unperturbed_rmse: "DIP RMSE, unperturbed input",
  supervised_psnr: "Supervised PSNR",
  dip_psnr: "DIP PSNR, peak",
  supervised_test_std: "Supervised std between images",
  n_seeds: "Seeds",
  n_images: "Images",
  n_fits: "DIP fits",
  n_censored: "Censored fits",
  n_failed: "Failed runs",
  depth: "Depth",
  slc: "SLC",
  skips: "Skips",
  upsample: "Up-sampling",
  width: "Width",
  params: "Parameters",
  macs: "MACs",
  growing: "Growing channels",
  convs: "Convolutions per stage",
  upsamples: "Up-sampling",
  crossings: "Crossings",
  name: "Name",
  key: "Key",
  task: "Task",
};
const UNITS = { "grey levels": "grey levels", seconds: "s", dB: "dB" };
const RMSE_NOTE =
  "RMSE is in grey levels on 0–255: per image against the clean image, then the mean. Lower is better.";
const PSNR_NOTE =
  "PSNR in dB, 20 log10(255 / RMSE), of the mean RMSE (not the mean of PSNRs). Higher is better.";
const MORE = {
  dip_rmse:
    "The least RMSE over the fit, which needs the clean image to find: a bound for any stopping rule.",
  dip_stopped_rmse: "ES-WMV is a stopping rule that needs no clean image. It cannot choose before iteration 100, so it is often late.",
  slc:
    "Shallowest level of connection: of all paths from input to output, " +
    "the least of their deepest levels. " +
    "0 with a skip at full resolution; equal to the depth without skips.",
  depth: "The deepest level that any path visits; each level halves the resolution.",
  macs: "Multiply-accumulates of one image of 64 × 64.",
};

export const nameOf = column => LABELS[column] ?? column.replaceAll("_", " ");

/**
 * Every metric, in the order of the menus.
 *
 * `value(row)` is null where nothing was measured, and `real` if it is no whole number by nature;
 * `bar(row)` is the range of one standard deviation between seeds, or null; `better` is 1 if more
 * is better, −1 if less; `from` is the task, and the table where there are several.
 */
export function makeMetrics({ columns, sources, rows }) {
  const known = new Map(
    columns.filter(column => column.of === "architectures").map(c => [c.name, c]),
  );
  const list = features(known, rows);
  for (const source of sources) {
    const from = sources.length > 1 ? `${source.task}, ${source.protocol}` : source.task;
    list.push(...scores(source, from, known, rows));
  }
  return { list, byId: new Map(list.map(metric => [metric.id, metric])) };
}

/** RMSE, PSNR, then the others of one source; columns in which nothing was measured are left out. */
function scores(source, from, known, rows) {
  const all = source.columns.map(column => score(source, from, column, known.get(column)));
  const measured = all.filter(metric => rows.some(row => metric.value(row) !== null));
  const rmse = measured.filter(metric => metric.rmse);
  const own = measured.filter(metric => metric.column.includes("psnr"));
  const columns = new Set(own.map(metric => metric.column));
  const made = rmse.filter(({ column }) => !columns.has(column.replace("rmse", "psnr"))).map(psnr);
  const others = measured.filter(metric => !rmse.includes(metric) && !own.includes(metric));
  return [...rmse, ...own, ...made, ...others];
}

function features(known, rows) {
  const taken = new Set(["key", "name", "label", "scores", "graph"]);
  const names = new Set(rows.flatMap(row => Object.keys(row)).filter(name => !taken.has(name)));
  return [...names].map(name => {
    const values = new Set(
      rows.map(row => row[name]).filter(value => value !== null && value !== undefined),
    );
    const numeric = [...values].every(value => typeof value === "number");
    return {
      id: name,
      group: "Architecture",
      label: nameOf(name),
      unit: "",
      real: false,
      kind: numeric ? "number" : "text",
      values: values.size <= 8 ? sorted(values) : null,
      better: -1,
      value: row => row[name] ?? null,
      bar: () => null,
      explain: explain(name, known.get(name)),
    };
  });
}

function sorted(values) {
  return [...values].sort((a, b) =>
    typeof a === "number" ? a - b : String(a).localeCompare(String(b)),
  );
}

function score(source, from, column, known) {
  const rmse = column.includes("rmse");
  const std = column.replace("_rmse", "_std");
  const spread = rmse && std !== column && source.columns.includes(std);
  const value = row => row.scores[source.id]?.[column] ?? null;
  return {
    id: `${source.id}:${column}`,
    group: `${source.task} · ${source.protocol}`,
    source,
    from,
    column,
    rmse,
    label: nameOf(column),
    unit: UNITS[known?.unit] ?? "",
    real: known?.kind === "float",
    kind: "number",
    values: null,
    better: column.includes("psnr") ? 1 : -1,
    value,
    explain: explain(column, known),
    bar: row => {
      const sd = spread ? (row.scores[source.id]?.[std] ?? null) : null;
      return sd === null || value(row) === null ? null : [value(row) - sd, value(row) + sd];
    },
  };
}

function psnr(metric) {
  const convert = value => (value === null || value <= 0 ? null : 20 * Math.log10(255 / value));
  const label = metric.label.replace("RMSE", "PSNR");
  return {
    ...metric,
    id: `${metric.id}:psnr`,
    label,
    unit: "dB",
    rmse: false,
    better: 1,
    value: row => convert(metric.value(row)),
    explain: `${metric.explain.replace(RMSE_NOTE, "").trim()} ${PSNR_NOTE}`,
    bar: row => metric.bar(row)?.map(convert).reverse() ?? null,
  };
}

function explain(column, known) {
  const meaning = known ? `${known.meaning[0].toUpperCase()}${known.meaning.slice(1)}.` : "";
  return [meaning, MORE[column], column.includes("rmse") ? RMSE_NOTE : ""]
    .filter(Boolean)
    .join(" ");
}

/** Menus: [[group, [[id, label], …]], …] of the metrics that pass. */
export function menu(list, accept = () => true) {
  const groups = new Map();
  for (const metric of list.filter(accept)) {
    if (!groups.has(metric.group)) groups.set(metric.group, []);
    groups.get(metric.group).push([metric.id, metric.label]);
  }
  return [...groups];
}

/** "Supervised RMSE (grey levels), denoise25": for the title of an axis. */
export function title({ label, unit, from }) {
  return `${label}${unit ? ` (${unit})` : ""}${from ? `, ${from}` : ""}`;
}
