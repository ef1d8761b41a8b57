/** Filters: which rows are shown. One is [metric id, "3|4"] for choices, [id, "12..15"] for a range. */

/** A function of a row; filters that are not understood let everything pass. */
export function accept(filters, byId) {
  const tests = filters.map(([id, text]) => test(id, text, byId)).filter(Boolean);
  return row => tests.every(passes => passes(row));
}

function test(id, text, byId) {
  if (id === "name")
    return row =>
      text
        .toLowerCase()
        .split(/\s+/)
        .every(part => row.label.toLowerCase().includes(part));
  const metric = byId.get(id);
  if (!metric) return null;
  if (id === "skips")
    return row => text.split("|").every(level => String(row.skips ?? "").includes(level));
  const range = rangeOf(text);
  if (range) return row => inside(metric.value(row), range);
  const choices = new Set(text.split("|"));
  return row => choices.has(String(metric.value(row)));
}

/** [low, high] of "12..15", where either end may be missing; null if it is no range. */
export function rangeOf(text) {
  const ends = text.split("..");
  if (ends.length !== 2) return null;
  const [low, high] = ends.map(end => (end === "" ? null : Number(end)));
  if (Number.isNaN(low) || Number.isNaN(high)) return null;
  return [low ?? -Infinity, high ?? Infinity];
}

function inside(value, [low, high]) {
  return value !== null && value >= low && value <= high;
}

/** The filters with that of `id` set, or removed if `text` is empty. */
export function withFilter(filters, id, text) {
  const others = filters.filter(([other]) => other !== id);
  return text ? [...others, [id, text]] : others;
}

/** The filters with one choice of `id` on or off. */
export function toggled(filters, id, choice) {
  const chosen = new Set(
    (filters.find(([other]) => other === id)?.[1] ?? "").split("|").filter(Boolean),
  );
  if (!chosen.delete(String(choice))) chosen.add(String(choice));
  return withFilter(filters, id, [...chosen].sort().join("|"));
}
