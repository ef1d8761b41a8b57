"use strict";
// viridis without its ends: ordered in grey and to the colour-blind too
const COLOURS = ["#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b"];
const UNIT = "RMSE (grey levels, 0–255)";
const LINES = {
  supervised: { rmse: "validation images" },
  dip: { rmse: "output, to clean", averaged_rmse: "averaged output, to clean",
    rmse_noisy: "output, to noisy" },
};
const at = id => document.getElementById(id);
const shown = value => value === null ? "–" : Number.isInteger(value) ? value.toLocaleString("en")
  : typeof value === "number" ? value.toFixed(3) : value;

async function ask(route, parameters = {}) {
  const reply = await fetch(`${route}?${new URLSearchParams(parameters)}`);
  const value = await reply.json();
  if (!reply.ok) throw new Error(value.error);
  return value;
}

function add(parent, tag, attributes = {}, text = "") {
  const space = tag === "svg" || parent instanceof SVGElement ? "2000/svg" : "1999/xhtml";
  const node = document.createElementNS(`http://www.w3.org/${space}`, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  node.append(text);
  return node;
}

function linear(values) {
  const margin = (Math.max(...values) - Math.min(...values) || 1) / 20;
  const [low, high] = [Math.min(...values) - margin, Math.max(...values) + margin];
  const power = 10 ** Math.floor(Math.log10((high - low) / 4));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => (high - low) / n <= 7);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  const ticks = Array.from({ length: count }, (_, i) => +((first + i) * step).toPrecision(6));
  return { ticks, place: value => (value - low) / (high - low) };
}

function logarithmic(values) {
  const end = Math.log10(Math.max(10, ...values));
  const ticks = Array.from({ length: Math.floor(end) + 1 }, (_, i) => 10 ** i);
  return { ticks, place: value => Math.log10(value) / end };
}

/** Draws both axes; returns the functions that place a value on them. */
function axes(svg, xScale, yScale, xLabel, yLabel) {
  const { width, height } = svg.viewBox.baseVal;
  const [left, right, top, bottom] = [54, width - 14, 10, height - 42];
  const x = value => left + (right - left) * xScale.place(value);
  const y = value => bottom + (top - bottom) * yScale.place(value);
  const text = (attributes, value) => add(svg, "text", { "text-anchor": "middle", ...attributes }, value);
  for (const tick of xScale.ticks) {
    add(svg, "line", { x1: x(tick), x2: x(tick), y1: top, y2: bottom });
    text({ x: x(tick), y: bottom + 16 }, tick);
  }
  for (const tick of yScale.ticks) {
    add(svg, "line", { x1: left, x2: right, y1: y(tick), y2: y(tick) });
    text({ x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, tick);
  }
  text({ x: (left + right) / 2, y: height - 6 }, xLabel);
  text({ transform: `translate(14 ${(top + bottom) / 2}) rotate(-90)` }, yLabel);
  return { x, y };
}

function drawScatter(rows) {
  const scale = column => linear(rows.map(row => row[column]));
  const { x, y } = axes(at("scatter"), scale("supervised_rmse"), scale("dip_rmse"),
    `supervised ${UNIT}`, `DIP ${UNIT}`);
  const list = add(at("scatter"), "g", { role: "listbox", "aria-label": "by supervised RMSE" });
  for (const row of rows) {
    const text = `${row.name ?? row.key}\nsupervised ${shown(row.supervised_rmse)}, `
      + `DIP ${shown(row.dip_rmse)}\ndepth ${row.depth}, SLC ${row.slc}, ${shown(row.params)} parameters`;
    const point = row.point = add(list, "circle", { cx: x(row.supervised_rmse), cy: y(row.dip_rmse),
      role: "option", "aria-label": text, tabindex: row === rows[0] ? 0 : -1 });
    point.onmouseenter = point.onfocus = () => showTip(point, text);
    point.onmouseleave = point.onblur = () => { at("tip").hidden = true; };
    point.onclick = () => choose(row.name ?? row.key, rows);
  }
  list.onkeydown = event => move(event, rows.map(row => row.point));
}

function showTip(point, text) {
  const { right, bottom } = point.getBoundingClientRect();
  const tip = at("tip");
  tip.textContent = text;
  tip.hidden = false;
  tip.style.left = `${Math.min(right, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(bottom, innerHeight - tip.offsetHeight - 8)}px`;
}

/** The plot is one stop of the Tab key; other keys move on from point to point. */
function move(event, points) {
  const [here, last] = [points.indexOf(event.target), points.length - 1];
  const to = { ArrowRight: Math.min(here + 1, last), ArrowDown: Math.min(here + 1, last), End: last,
    ArrowLeft: Math.max(here - 1, 0), ArrowUp: Math.max(here - 1, 0), Home: 0 }[event.key];
  if (event.key === "Enter" || event.key === " ") event.target.onclick();
  else if (to === undefined) return;
  else {
    points[here].tabIndex = -1;
    points[to].tabIndex = 0;
    points[to].focus();
  }
  event.preventDefault();
}

function paint(rows) {
  const column = at("colour").value;
  const order = typeof rows[0][column] === "number" ? (a, b) => a - b : undefined;
  const values = [...new Set(rows.map(row => row[column]))].sort(order);
  const colour = value => COLOURS[Math.round(values.indexOf(value) * 7 / Math.max(1, values.length - 1))];
  for (const row of rows) row.point.style.fill = colour(row[column]);
  at("legend").replaceChildren(at("colour").selectedOptions[0].text.trim());
  for (const value of values) {
    const item = add(at("legend"), "span");
    add(item, "span", { class: "swatch" }).style.background = colour(value);
    item.append(shown(value));
  }
}

function drawCurve(mode, curve) {
  const title = `${mode === "dip" ? "DIP" : "Supervised"} learning curve, mean over ${curve.n_runs} runs`;
  const figure = add(at("curves"), "figure");
  const svg = add(figure, "svg", { viewBox: "0 0 440 240", role: "img", "aria-label": title });
  const columns = Object.keys(LINES[mode]);
  const yScale = linear(columns.flatMap(column => curve[column]).filter(rmse => rmse !== null));
  const { x, y } = axes(svg, logarithmic(curve.step), yScale, "iteration (log scale)", UNIT);
  columns.forEach((column, i) => {
    const known = curve.step.map((step, j) => [step, curve[column][j]]).filter(([, rmse]) => rmse !== null);
    const [points, height] = [known.map(([step, rmse]) => `${x(step)},${y(rmse)}`), 20 + 16 * i];
    add(svg, "polyline", { points: points.join(" "), class: `line${i + 1}` });
    add(svg, "line", { x1: 238, x2: 264, y1: height, y2: height, class: `line${i + 1}` });
    add(svg, "text", { x: 270, y: height + 4 }, LINES[mode][column]);
  });
  add(figure, "figcaption", {}, title);
}

function describe(result) {
  at("chosen").textContent = result.name ?? result.key;
  at("numbers").replaceChildren();
  for (const [column, value] of Object.entries(result)) {
    if (["name", "seed", "image"].includes(column)) continue; // the mean over all was asked for
    const unit = /rmse|std/.test(column) ? "grey levels" : /seconds/.test(column) ? "s" : "";
    add(at("numbers"), "dt", {}, column.replaceAll("_", " "));
    add(at("numbers"), "dd", {}, unit && value !== null ? `${value.toFixed(3)} ${unit}` : shown(value));
  }
}

let latest = 0;

/** Shows one architecture, or why there is none; `rows` are those of the plot. */
async function choose(name, rows) {
  const turn = ++latest;
  const [result, ...curves] = await Promise.allSettled([ask("query", { architecture: name }),
    ...Object.keys(LINES).map(mode => ask("curve", { architecture: name, mode }))]);
  if (turn !== latest) return; // a later choice was answered first
  at("error").textContent = result.reason?.message ?? "";
  if (result.reason) return;
  at("name").value = name;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  for (const row of rows) row.point.setAttribute("aria-selected", row.key === result.value.key);
  describe(result.value);
  at("curves").replaceChildren();
  for (const curve of curves) {
    if (curve.reason) add(at("curves"), "p", {}, curve.reason.message);
    else drawCurve(curve.value.mode, curve.value);
  }
}

async function start() {
  const [table, all] = await Promise.all([ask("table"), ask("architectures")]);
  const rows = all.filter(row => row.supervised_rmse !== null && row.dip_rmse !== null);
  rows.sort((a, b) => a.supervised_rmse - b.supervised_rmse);
  at("about").textContent = `Protocol ${table.protocol} (${table.protocol_hash.slice(0, 12)}), `
    + `space ${table.space}: ${table.architectures} architectures, ${rows.length} measured both ways.`;
  at("form").onsubmit = event => { event.preventDefault(); choose(at("name").value.trim(), rows); };
  at("colour").onchange = () => paint(rows);
  if (rows.length) drawScatter(rows);
  if (rows.length) paint(rows);
  if (location.hash) choose(decodeURIComponent(location.hash.slice(1)), rows);
}

start().catch(error => { at("error").textContent = error.message; });
