/** What the plot and the table show: made of data and state, kept while neither changes. */

import { byColour, byShape } from "./encode.js";
import { accept } from "./filter.js";
import { front } from "./pareto.js";
import { extent, fits, toAxis } from "./scale.js";

/** A function of the state that gives all that the plot, its legend and the table draw. */
export function makeModel(data, metrics) {
  const first = data.sources[0]?.id;
  const kept = new Map();
  const memo = (name, inputs, make) => {
    const old = kept.get(name);
    if (old && old.inputs.every((input, i) => input === inputs[i])) return old.value;
    const value = make();
    kept.set(name, { inputs, value });
    return value;
  };
  const axis = (id, fallback) =>
    metrics.byId.get(id) ?? metrics.byId.get(`${first}:${fallback}`) ?? metrics.list[0];

  const model = state => {
    const x = axis(state.x, "supervised_rmse");
    const y = axis(state.y, "dip_rmse");
    const { xlog, ylog } = state;
    const points = memo("points", [x, y, xlog, ylog], () => pointsOf(data.rows, x, y, xlog, ylog));
    const whole = memo("whole", [points], () => [
      ...extent(
        points.map(p => p.px),
        false,
      ),
      ...extent(
        points.map(p => p.py),
        false,
      ),
    ]);
    const shown = memo("shown", [points, state.filters.join(";")], () => {
      const passes = accept(state.filters, metrics.byId);
      return points.filter(point => passes(point.row));
    });
    const brush = state.brush?.join() ?? "";
    const selected = memo("selected", [shown, brush], () =>
      state.brush ? shown.filter(inside(state.brush, xlog, ylog)) : shown,
    );
    const colour = memo("colour", [state.colour], () =>
      byColour(metrics.byId.get(state.colour), data.rows),
    );
    const shape = memo("shape", [state.shape], () =>
      byShape(metrics.byId.get(state.shape), data.rows),
    );
    const best = memo("front", [selected, state.front], () =>
      state.front ? front(selected, x.better, y.better) : [],
    );
    const view = state.zoom ? toView(state.zoom, xlog, ylog) : whole;
    return {
      x,
      y,
      xlog,
      ylog,
      points,
      shown,
      selected,
      colour,
      shape,
      front: best,
      view,
      whole,
      unplaced: data.rows.length - points.length,
    };
  };
  model.forget = () => kept.clear(); // colours follow the theme
  return model;
}

function pointsOf(rows, x, y, xlog, ylog) {
  const points = [];
  for (const row of rows) {
    const [vx, vy] = [x.value(row), y.value(row)];
    if (fits(vx, xlog) && fits(vy, ylog))
      points.push({ row, px: toAxis(vx, xlog), py: toAxis(vy, ylog) });
  }
  return points;
}

/** An area in the metrics' units as one in the axes'; a log axis has nothing at or below 0. */
export function toView([x0, x1, y0, y1], xlog, ylog) {
  const place = (value, log) => toAxis(log ? Math.max(value, 1e-12) : value, log);
  return [place(x0, xlog), place(x1, xlog), place(y0, ylog), place(y1, ylog)];
}

function inside(area, xlog, ylog) {
  const [x0, x1, y0, y1] = toView(area, xlog, ylog);
  return ({ px, py }) => px >= x0 && px <= x1 && py >= y0 && py <= y1;
}
