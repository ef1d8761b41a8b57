/** The plotting library as the page uses it: without animation, drawn again when resized. */

import { init } from "../vendor/echarts/echarts.esm.min.mjs";
import { ink, onTheme } from "./palette.js";
import { compact } from "./format.js";
import { fromAxis, ticks } from "./scale.js";

/** A chart in `node`; `option()` makes what it shows, again on a new size or theme. */
export function makeChart(node, option) {
  const chart = init(node, null, { renderer: "canvas" });
  const draw = () => chart.setOption(option(), { notMerge: true });
  const watch = new ResizeObserver(() => {
    if (!node.clientWidth) return;
    chart.resize();
    draw();
  });
  watch.observe(node);
  onTheme(draw);
  return {
    chart,
    draw,
    end: () => {
      watch.disconnect();
      chart.dispose();
    },
  };
}

/** The same picture as the text of an SVG file. */
export function toSvg(option, width, height) {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ backgroundColor: ink().paper, ...option });
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}

/**
 * An axis from `low` to `high` in units of the axis, its name in lines of `room` pixels.
 *
 * It has ticks of our own: the library's logarithmic axis has none for part of a decade.
 */
export function axis(
  low,
  high,
  { log = false, name = "", count = 6, gap = 28, room = Infinity } = {},
) {
  const { ink: text, dim, faint } = ink();
  const customValues = ticks(low, high, log, count);
  return {
    type: "value",
    min: low,
    max: high,
    name: wrapped(name, room),
    nameLocation: "middle",
    nameGap: gap,
    nameTextStyle: {
      color: text,
      fontSize: 13,
      lineHeight: 16,
      fontFamily: "system-ui, sans-serif",
    },
    axisLine: { show: true, onZero: false, lineStyle: { color: dim } },
    axisTick: { show: true, customValues, lineStyle: { color: dim } },
    splitLine: { show: true, customValues, lineStyle: { color: faint } },
    axisLabel: {
      customValues,
      color: text,
      fontSize: 12,
      fontFamily: "system-ui, sans-serif",
      formatter: value => compact(+fromAxis(value, log).toPrecision(6)),
    },
  };
}

/** Text in lines of about `room` pixels: the library does not break the names of axes. */
function wrapped(text, room) {
  const most = room / 7; // pixels of a letter
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && `${lines.at(-1)} ${word}`.length > most) lines.push(word);
    else lines.push(`${lines.pop()} ${word}`.trim());
  }
  return lines.join("\n");
}

/** Error bars: a series of [x, low, high], or [y, low, high] for bars along x. */
export function bars(data, colour, alongX = false) {
  return {
    type: "custom",
    silent: true,
    animation: false,
    data,
    z: 1,
    clip: true,
    encode: alongX ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
    renderItem: (_, api) => {
      const ends = [1, 2].map(i =>
        api.coord(alongX ? [api.value(i), api.value(0)] : [api.value(0), api.value(i)]),
      );
      return {
        type: "group",
        children: [
          ends,
          ...ends.map(([x, y]) =>
            alongX
              ? [
                  [x, y - 3],
                  [x, y + 3],
                ]
              : [
                  [x - 3, y],
                  [x + 3, y],
                ],
          ),
        ].map(([[x1, y1], [x2, y2]]) => ({
          type: "line",
          shape: { x1, y1, x2, y2 },
          style: { stroke: colour, lineWidth: 1 },
        })),
      };
    },
  };
}
