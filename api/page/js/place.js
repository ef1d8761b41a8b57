/** Where points are in pixels, and which are under the pointer: for mouse, touch and keys alike. */

import { fromAxis } from "./scale.js";
import { MARGIN } from "./plot-option.js";

/** Both ways between units of the axes and pixels of a plot of this size. */
export function projection([x0, x1, y0, y1], width, height) {
  const [left, right, top, bottom] = [
    MARGIN.left,
    width - MARGIN.right,
    MARGIN.top,
    height - MARGIN.bottom,
  ];
  return {
    x: px => left + ((px - x0) / (x1 - x0)) * (right - left),
    y: py => bottom - ((py - y0) / (y1 - y0)) * (bottom - top),
    px: x => x0 + ((Math.min(right, Math.max(left, x)) - left) / (right - left)) * (x1 - x0),
    py: y => y0 + ((bottom - Math.min(bottom, Math.max(top, y))) / (bottom - top)) * (y1 - y0),
    inView: ({ px, py }) => px >= x0 && px <= x1 && py >= y0 && py <= y1,
    left,
    right,
    top,
    bottom,
  };
}

/** Points whose marks lie under a pixel, nearest first; else the nearest within 9 pixels. */
export function under(points, projected, x, y, size) {
  const near = [];
  for (const point of points) {
    if (!projected.inView(point)) continue;
    const distance = Math.hypot(projected.x(point.px) - x, projected.y(point.py) - y);
    if (distance <= 9) near.push({ point, distance });
  }
  near.sort((a, b) => a.distance - b.distance);
  const covered = near.filter(({ distance }) => distance <= size / 2 + 1);
  return (covered.length ? covered : near.slice(0, 1)).map(({ point }) => point);
}

/** The same area in the metrics' own units, as the state keeps it. */
export function toMetrics([x0, x1, y0, y1], xlog, ylog) {
  return [fromAxis(x0, xlog), fromAxis(x1, xlog), fromAxis(y0, ylog), fromAxis(y1, ylog)];
}

/** A view `factor` times as large about a point of it; a factor below 1 zooms in. */
export function zoomed([x0, x1, y0, y1], factor, px, py) {
  return [
    px - (px - x0) * factor,
    px + (x1 - px) * factor,
    py - (py - y0) * factor,
    py + (y1 - py) * factor,
  ];
}
