/** Scales and their ticks; logarithmic ones go through the plotting library as linear ones of log10. */

export const toAxis = (value, log) => (log ? Math.log10(value) : value);
export const fromAxis = (value, log) => (log ? 10 ** value : value);
export const fits = (value, log) => value !== null && Number.isFinite(value) && (!log || value > 0);

/** [low, high] of the values with a margin, in units of the axis. */
export function extent(values, log, margin = 0.04) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    const place = toAxis(value, log);
    if (place < low) low = place;
    if (place > high) high = place;
  }
  if (low > high) return log ? [0, 1] : [0, 1];
  const room = (high - low || 1) * margin;
  return [low - room, high + room];
}

/** Ticks between two ends in units of the axis, about `count` of them. */
export function ticks(low, high, log, count = 6) {
  return log ? logTicks(low, high, count) : linearTicks(low, high, count);
}

function linearTicks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= raw * 0.99);
  const first = Math.ceil(low / step - 1e-9);
  const found = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) found.push(+(i * step).toPrecision(12));
  return found;
}

function logTicks(low, high, count) {
  const tried = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]].map(digits => {
    const found = [];
    for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
      for (const digit of digits) {
        const place = power + Math.log10(digit);
        if (place >= low && place <= high) found.push(place);
      }
    }
    return found;
  });
  const good = tried.filter(found => found.length >= 3 && found.length <= count + 3);
  if (good.length) return good[0];
  if (tried[0].length > count)
    return tried[0].filter((_, i) => i % Math.ceil(tried[0].length / count) === 0);
  return linearTicks(10 ** low, 10 ** high, count)
    .filter(value => value > 0)
    .map(Math.log10);
}
