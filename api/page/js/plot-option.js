/** The scatter plot in the library's terms. Its margins never change, so neither does its place. */

import { axis, bars } from "./charts.js";
import { title } from "./metrics.js";
import { ink } from "./palette.js";
import { fits, toAxis } from "./scale.js";
import { toView } from "./model.js";

export const MARGIN = { left: 66, right: 14, top: 14, bottom: 60 };

/** Size of a mark in pixels: smaller where there are many. */
export const markSize = model =>
  model.points.length > 4000 ? 6 : model.points.length > 800 ? 8 : 10;

/**
 * The whole option.
 *
 * `chosen` is [[point, "A"], …], `view` [x low, x high, y low, y high], `size` the element, and
 * `prediction` the builder's or null.
 */
export function plotOption(model, state, chosen, view, size, prediction) {
  const { x, y, xlog, ylog } = model;
  return {
    animation: false,
    grid: { ...MARGIN, outerBoundsMode: "none" },
    xAxis: axis(view[0], view[1], {
      log: xlog,
      name: title(x),
      room: size.clientWidth - 90,
    }),
    yAxis: axis(view[2], view[3], {
      log: ylog,
      name: title(y),
      gap: 46,
      room: size.clientHeight - 80,
    }),
    series: [
      ...(state.bars ? errorBars(model) : []),
      ...marks(model),
      ...(model.front.length ? [frontLine(model.front)] : []),
      ...(state.brush ? [brushArea(toView(state.brush, xlog, ylog))] : []),
      ...chosen.flatMap(ring),
      ...(state.tab === "build" && prediction ? predicted(prediction, model) : []),
    ],
  };
}

/** One series for each colour and shape; what the brush leaves out is pale. */
function marks(model) {
  const selected = model.selected === model.shown ? null : new Set(model.selected);
  const groups = new Map();
  for (const point of model.shown) {
    const [c, s] = [model.colour.of(point.row), model.shape.of(point.row)];
    const pale = selected !== null && !selected.has(point);
    const id = `${pale ? 0 : 1}.${c}.${s}`;
    if (!groups.has(id)) groups.set(id, { pale, c, s, data: [] });
    groups.get(id).data.push([point.px, point.py]);
  }
  const size = markSize(model);
  return [...groups.values()].map(({ pale, c, s, data }) => ({
    type: "scatter",
    silent: true,
    large: data.length > 1000,
    data,
    symbol: model.shape.classes[s].shape,
    symbolSize: size,
    z: pale ? 2 : 3,
    itemStyle: {
      color: model.colour.classes[c].colour,
      opacity: pale ? 0.18 : 1,
      borderColor: ink().paper,
      borderWidth: size > 6 ? 0.8 : 0.3,
    },
  }));
}

function errorBars({ selected, x, y, xlog, ylog }) {
  const along = [];
  const up = [];
  for (const { row, px, py } of selected) {
    const [bx, by] = [x.bar(row), y.bar(row)];
    if (bx?.every(end => fits(end, xlog))) along.push([py, ...bx.map(end => toAxis(end, xlog))]);
    if (by?.every(end => fits(end, ylog))) up.push([px, ...by.map(end => toAxis(end, ylog))]);
  }
  return [bars(along, ink().dim, true), bars(up, ink().dim)];
}

function frontLine(points) {
  return {
    type: "line",
    silent: true,
    data: points.map(({ px, py }) => [px, py]),
    symbol: "circle",
    symbolSize: 3,
    z: 4,
    lineStyle: { color: ink().ink, width: 2 },
    itemStyle: { color: ink().ink },
  };
}

function brushArea([x0, x1, y0, y1]) {
  const itemStyle = {
    color: ink().dim,
    opacity: 0.12,
    borderColor: ink().ink,
    borderWidth: 1,
    borderType: "dashed",
  };
  return {
    type: "scatter",
    data: [],
    silent: true,
    markArea: { silent: true, itemStyle, data: [[{ coord: [x0, y0] }, { coord: [x1, y1] }]] },
  };
}

/** What the builder predicts, with both intervals, where the axes are the two modes of its task. */
function predicted(found, { x, y, xlog, ylog }) {
  const value = (metric, end) =>
    metric.source?.task === found.task && PREDICTED[metric.column] && metric.rmse
      ? found[`${PREDICTED[metric.column]}_${end}`]
      : undefined;
  const [px, py] = [
    [x, xlog],
    [y, ylog],
  ].map(([metric, log]) => ["rmse", "low", "high"].map(end => toAxis(value(metric, end), log)));
  if (![...px, ...py].every(Number.isFinite)) return [];
  const label = {
    show: true,
    formatter: "predicted",
    position: "right",
    color: ink().ink,
    fontSize: 13,
    textBorderColor: ink().paper,
    textBorderWidth: 4,
  };
  return [
    bars([[py[0], px[1], px[2]]], ink().ink, true),
    bars([[px[0], py[1], py[2]]], ink().ink),
    {
      type: "scatter",
      silent: true,
      z: 7,
      data: [[px[0], py[0]]],
      symbol: "diamond",
      symbolSize: 14,
      label,
      itemStyle: { color: ink().a, opacity: 1, borderColor: ink().paper, borderWidth: 2 },
    },
  ];
}

const PREDICTED = { supervised_rmse: "supervised", dip_rmse: "dip" };

function ring([point, letter]) {
  const colour = ink()[letter.toLowerCase()];
  const circle = (borderColor, borderWidth, z) => ({
    type: "scatter",
    silent: true,
    data: [[point.px, point.py]],
    symbol: "circle",
    symbolSize: 20,
    z,
    itemStyle: { color: "transparent", opacity: 1, borderColor, borderWidth },
  });
  const label = {
    show: true,
    formatter: letter,
    position: "top",
    distance: 3,
    color: colour,
    fontWeight: "bold",
    fontSize: 17,
    textBorderColor: ink().paper,
    textBorderWidth: 5,
  };
  // A rim in the colour of the page, so that the ring stands out among marks.
  return [circle(ink().paper, 8, 5), { ...circle(colour, 3.5, 6), label }];
}
