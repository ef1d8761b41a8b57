/** The scatter plot: drawing, pointing, choosing, zoom, brush and keys. */

import { makeChart, toSvg } from "./charts.js";
import { at, h, place } from "./dom.js";
import { spread } from "./format.js";
import { listen } from "./gestures.js";
import { projection, toMetrics, under, zoomed } from "./place.js";
import { markSize, plotOption } from "./plot-option.js";
import { change, current } from "./state.js";

/** Sets up the plot; returns what `main` calls: `draw(model)`, `svg()`, `zoomBy(factor)`. */
export function makePlot(data, choose) {
  const node = at("plot");
  const canvas = node.appendChild(h("div", { class: "canvas" }));
  const cursor = node.appendChild(h("div", { class: "cursor", hidden: true }));
  let model = null;
  let live = null; // the view during a pan
  let pointed = null;
  let prediction = null;

  const view = () => live ?? model.view;
  const projected = () => projection(view(), node.clientWidth, node.clientHeight);
  const option = () =>
    model ? plotOption(model, current(), rings(model, data), view(), node, prediction) : {};
  const chart = makeChart(canvas, option);

  function point(found, announce = false) {
    pointed = found;
    cursor.hidden = !found || !projected().inView(found);
    if (cursor.hidden) return;
    cursor.style.left = `${projected().x(found.px)}px`;
    cursor.style.top = `${projected().y(found.py)}px`;
    if (announce) at("spoken").textContent = describe(found, model).join(", ");
  }

  function hover(x, y, event) {
    const found =
      event.pointerType === "touch" ? [] : under(model.shown, projected(), x, y, markSize(model));
    node.classList.toggle("over", found.length > 0);
    point(found[0] ?? null);
    if (found.length) showTip(found, model, event.clientX, event.clientY);
    else at("tip").hidden = true;
  }

  function leave() {
    at("tip").hidden = true;
    if (document.activeElement !== node) point(null);
  }

  function click(x, y, event) {
    const found = under(model.shown, projected(), x, y, markSize(model));
    at("tip").hidden = true;
    if (found.length === 1) choose(found[0].row, event.shiftKey);
    else if (found.length) listOverlaps(found, model, event, choose);
  }

  function setView(area, burst = "") {
    change({ zoom: toMetrics(area, model.xlog, model.ylog) }, { burst });
  }

  function areaOf(a, b) {
    const p = projected();
    const [xs, ys] = [
      [p.px(a.x), p.px(b.x)],
      [p.py(a.y), p.py(b.y)],
    ];
    return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  }

  function panned(a, b) {
    const p = projection(model.view, node.clientWidth, node.clientHeight);
    const [x0, x1, y0, y1] = model.view;
    const dx = ((a.x - b.x) / (p.right - p.left)) * (x1 - x0);
    const dy = ((b.y - a.y) / (p.bottom - p.top)) * (y1 - y0);
    return [x0 + dx, x1 + dx, y0 + dy, y1 + dy];
  }

  function dropped(a, b) {
    const { tool } = current();
    live = null;
    if (tool === "pan") return setView(panned(a, b));
    const area = areaOf(a, b);
    if (area[0] === area[1] || area[2] === area[3]) return undefined;
    return tool === "zoom"
      ? setView(area)
      : change({ brush: toMetrics(area, model.xlog, model.ylog), page: 0 });
  }

  listen(node, {
    click,
    hover,
    leave,
    dropped,
    drawsArea: () => current().tool !== "pan",
    drag: (a, b) => {
      if (current().tool !== "pan") return;
      live = panned(a, b);
      chart.draw();
    },
    wheel: (x, y, delta) => {
      const p = projected();
      setView(zoomed(model.view, delta > 0 ? 1.2 : 1 / 1.2, p.px(x), p.py(y)), "wheel");
    },
  });

  const zoomBy = factor => {
    const [x0, x1, y0, y1] = model.view;
    const centre = pointed ? [pointed.px, pointed.py] : [(x0 + x1) / 2, (y0 + y1) / 2];
    setView(zoomed(model.view, factor, ...centre), "zoom");
  };
  node.addEventListener("keydown", event => {
    const step = walk(event.key, model, projected(), pointed);
    if (step) point(step, true);
    else if (event.key === "Enter" && pointed) choose(pointed.row, false);
    else if (event.key.toLowerCase() === "c" && pointed && !event.ctrlKey && !event.metaKey)
      choose(pointed.row, true);
    else if (event.key === "+" || event.key === "=") zoomBy(1 / 1.5);
    else if (event.key === "-") zoomBy(1.5);
    else if (event.key === "0") change({ zoom: null });
    else if (event.key === "Escape") change({ brush: null, page: 0 });
    else return;
    event.preventDefault();
  });
  node.addEventListener("blur", () => point(null));

  return {
    draw(next) {
      model = next;
      chart.draw();
      const same = pointed && model.shown.find(({ row }) => row === pointed.row);
      point(same ?? null);
    },
    zoomBy,
    predict(found) {
      prediction = found;
      if (model) chart.draw();
    },
    svg: () => toSvg(option(), node.clientWidth, node.clientHeight),
  };
}

/** The chosen points, where they are on these axes. */
function rings(model, data) {
  const { a, b } = current();
  return [
    [a, "A"],
    [b, "B"],
  ].flatMap(([id, letter]) => {
    const row = data.byId.get(id);
    const point = row && model.points.find(other => other.row === row);
    return point ? [[point, letter]] : [];
  });
}

/** Where a key leads from a point, or undefined for other keys. */
function walk(key, model, projected, from) {
  const steps = {
    ArrowRight: ["px", 1],
    ArrowLeft: ["px", -1],
    ArrowUp: ["py", 1],
    ArrowDown: ["py", -1],
    Home: ["px", -Infinity],
    End: ["px", Infinity],
  };
  const step = steps[key];
  if (!step) return undefined;
  const list = model.selected
    .filter(projected.inView)
    .sort((a, b) => a[step[0]] - b[step[0]] || a.px - b.px);
  const here = list.findIndex(point => point.row === from?.row);
  const to =
    here < 0 && Number.isFinite(step[1])
      ? 0
      : Math.max(0, Math.min(list.length - 1, here + step[1]));
  return list[to];
}

/** Lines about a point: name, values with one standard deviation, classes. */
export function describe({ row }, { x, y, colour, shape }) {
  const line = metric => {
    const bar = metric.bar(row);
    const value = spread(metric.value(row), bar && (bar[1] - bar[0]) / 2, metric.real);
    return `${metric.label} ${value} ${metric.unit}`.trim();
  };
  const others = [colour.metric, shape.metric].filter(
    metric => metric && metric !== x && metric !== y,
  );
  return [row.label, ...[...new Set([x, y, ...others])].map(line)];
}

function showTip(found, model, x, y) {
  const tip = at("tip");
  const more =
    found.length > 1 ? [h("p", {}, `and ${found.length - 1} more here: click for a list`)] : [];
  const [name, ...lines] = describe(found[0], model);
  tip.replaceChildren(h("strong", {}, name), ...lines.map(line => h("p", {}, line)), ...more);
  tip.hidden = false;
  place(tip, x, y);
}

function listOverlaps(found, model, event, choose) {
  const list = at("overlaps");
  const pick = point => pressed => {
    list.hidePopover();
    choose(point.row, pressed.shiftKey || event.shiftKey);
    at("plot").focus({ preventScroll: true });
  };
  list.replaceChildren(
    h("p", {}, `${found.length} architectures here`),
    h(
      "ul",
      {},
      found.map(point => {
        const [name, first, second] = describe(point, model);
        return h(
          "li",
          {},
          h(
            "button",
            { type: "button", onclick: pick(point) },
            name,
            h("small", {}, ` ${first}, ${second}`),
          ),
        );
      }),
    ),
  );
  list.showPopover();
  place(list, event.clientX, event.clientY);
  list.querySelector("button").focus({ preventScroll: true });
}
