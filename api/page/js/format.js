/** Numbers for people. */

export const MISSING = "–";

/** A number for people, a real one always with decimals; text as it is; nothing as a dash. */
export function shown(value, real = false) {
  if (value === null || value === undefined || value === "") return MISSING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) && !real
    ? value.toLocaleString("en")
    : value.toFixed(decimals(value));
}

function decimals(value) {
  return Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
}

/** A value with its standard deviation in as many digits; the value alone where there is none. */
export function spread(value, sd, real = true) {
  if (typeof value !== "number" || typeof sd !== "number") return shown(value, real);
  return `${shown(value, real)} ± ${sd.toFixed(decimals(value))}`;
}

/** Short, for axes: 20 M, 1.5 k. */
export function compact(value) {
  const size = Math.abs(value);
  const [divisor, suffix] =
    size >= 1e9 ? [1e9, " G"] : size >= 1e6 ? [1e6, " M"] : size >= 1e4 ? [1e3, " k"] : [1, ""];
  return `${+(value / divisor).toPrecision(4)}${suffix}`;
}

/** A difference, always with its sign. */
export function signed(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  const size = Math.abs(value);
  const text = Number.isInteger(size) ? shown(size) : size.toFixed(size >= 100 ? 1 : 2);
  return `${value < 0 ? "−" : "+"}${text}`;
}

export const shortKey = key => (key ? `${key.slice(0, 12)}…` : MISSING);

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; null for fewer than two values. */
export function deviation(values) {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1),
  );
}
