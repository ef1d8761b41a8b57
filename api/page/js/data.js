/** All tables of the service as rows: one architecture each, its scores by source. */

import { get } from "./service.js";

/**
 * Asks for everything that the plot and the table need.
 *
 * A source is one table and task. A row is `{key, name, label, …features, scores: {source: {…}}}`.
 */
export async function load() {
  const [{ tables, version }, { metrics }] = await Promise.all([get("tables"), get("metrics")]);
  const spaces = [...new Set(tables.map(table => table.space))];
  const answers = await Promise.all(spaces.map(space => get("scores", { space })));
  const rows = new Map();
  const sources = [];
  for (const { architectures, scores } of answers) {
    const taken = architectures.key.map((key, i) => {
      if (!rows.has(key)) rows.set(key, { ...pick(architectures, i), scores: {} });
      return rows.get(key);
    });
    for (const score of scores) {
      const source = sourceOf(score, scores);
      sources.push(source);
      taken.forEach((row, i) => {
        row.scores[source.id] = pick(score.columns, i);
      });
    }
  }
  for (const row of rows.values()) row.label = row.name ?? row.key.slice(0, 12);
  return {
    tables,
    version,
    columns: metrics,
    sources,
    rows: [...rows.values()],
    byId: index(rows),
  };
}

function pick(columns, i) {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[i]]));
}

function sourceOf({ protocol, task, columns }, all) {
  const alone = all.filter(other => other.protocol === protocol).length === 1;
  return {
    id: alone ? protocol : `${protocol}/${task}`,
    protocol,
    task,
    columns: Object.keys(columns),
  };
}

function index(rows) {
  const byId = new Map(rows);
  for (const row of rows.values()) if (row.name) byId.set(row.name, row);
  return byId;
}
