/** The Pareto front of what is shown. */

/**
 * The points that no other beats in both coordinates, by x; equal points are all kept.
 *
 * `points` have `px` and `py`; `xBetter` and `yBetter` are 1 if more is better, −1 if less.
 */
export function front(points, xBetter, yBetter) {
  const sorted = [...points].sort((a, b) => xBetter * (b.px - a.px) || yBetter * (b.py - a.py));
  const found = [];
  let best = -Infinity;
  for (const point of sorted) {
    const last = found.at(-1);
    const same = last && last.px === point.px && last.py === point.py;
    if (yBetter * point.py > best || same) found.push(point);
    best = Math.max(best, yBetter * point.py);
  }
  return found.sort((a, b) => a.px - b.px);
}
