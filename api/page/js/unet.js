/** The drawing of a network: levels as rows, the longest way as a U, skips and crossings between. */

import { svg } from "./dom.js";

const ROW = 46;
const GAP = 7;
const SIZES = {
  input: [24, 18],
  output: [24, 18],
  conv3: [22, 18],
  down: [22, 18],
  skip1: [20, 14],
  concat: [14, 14],
};
const UP = [16, 14];
const WORDS = {
  conv3: "3×3 convolution",
  down: "down-sampling convolution",
  skip1: "1×1 skip connection",
  concat: "concatenation",
  "up-nearest": "nearest up-sampling",
  "up-bilinear": "bilinear up-sampling",
  "up-transposed": "transposed convolution, up",
  input: "input",
  output: "output",
};

let drawings = 0;

/**
 * An SVG of a graph `{nodes: [{id, op, level, channels}], edges: [{source, target}]}`.
 *
 * The nodes come in topological order, as the service gives them.
 */
export function drawNetwork(graph) {
  const network = link(graph);
  const spine = mainWay(network);
  const { width, places } = layout(network, spine);
  const deepest = Math.max(...network.nodes.map(node => node.level));
  const height = (deepest + 1) * ROW + 8;
  const arrow = `arrow-${++drawings}`;
  const drawn = svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      class: "unet",
      role: "img",
      "aria-label": inWords(network, deepest),
    },
    svg(
      "defs",
      {},
      svg(
        "marker",
        {
          id: arrow,
          viewBox: "0 0 8 8",
          refX: 7,
          refY: 4,
          markerWidth: 5,
          markerHeight: 5,
          orient: "auto-start-reverse",
        },
        svg("path", { d: "M0 0l8 4-8 4z", class: "arrow" }),
      ),
    ),
    ...Array.from({ length: deepest + 1 }, (_, level) => rowOf(level, width)),
    ...network.edges.map(edge => lineOf(edge, network, places, arrow)),
    ...network.nodes.map(node => glyph(node, places.get(node.id))),
  );
  drawn.style.minWidth = `${Math.round(width * 0.42)}px`;
  drawn.style.maxWidth = `${Math.round(width * 1.5)}px`;
  return drawn;
}

export const LEGEND =
  "Rows are levels, 0 at full resolution; numbers are channels. Box: 3×3 convolution (with a bar: " +
  "down-sampling). Triangle: up-sampling, n nearest, b bilinear, t transposed. " +
  "Rounded: 1×1 skip connection. +: concatenation.";

function link({ nodes, edges }) {
  const byId = new Map(nodes.map(node => [node.id, node]));
  const before = new Map(nodes.map(node => [node.id, []]));
  const after = new Map(nodes.map(node => [node.id, []]));
  for (const { source, target } of edges) {
    before.get(target).push(source);
    after.get(source).push(target);
  }
  return { nodes, edges, byId, before, after };
}

/** The path of the greatest reach, the longest of these: encoder and decoder of a U-Net. */
function mainWay({ nodes, before }) {
  const best = new Map();
  for (const { id, level } of nodes) {
    let [reach, length, from] = [level, 1, null];
    for (const other of before.get(id)) {
      const way = best.get(other);
      const reached = Math.max(level, way.reach);
      if (from === null || reached > reach || (reached === reach && way.length + 1 > length))
        [reach, length, from] = [reached, way.length + 1, other];
    }
    best.set(id, { reach, length, from });
  }
  const way = [];
  for (
    let id = nodes.find(({ op }) => op === "output")?.id ?? nodes.at(-1).id;
    id !== null;
    id = best.get(id).from
  )
    way.unshift(id);
  return way;
}

const sizeOf = ({ op }) => SIZES[op] ?? UP;

/** Centres of all nodes: the spine from left to right, its deepest in the middle, others between. */
function layout(network, spine) {
  const { nodes, byId } = network;
  const widths = spine.map(id => sizeOf(byId.get(id))[0] + GAP);
  const deepest = Math.max(...spine.map(id => byId.get(id).level));
  const turn = spine.findLastIndex(id => byId.get(id).level === deepest) + 1;
  const [left, right] = [sum(widths.slice(0, turn)), sum(widths.slice(turn))];
  const half = Math.max(left, right * 0.75);
  const places = new Map();
  let x = 26;
  spine.forEach((id, i) => {
    const room =
      i < turn ? widths[i] * (half / left) : widths[i] * Math.max(1, (left * 0.75) / right);
    places.set(id, { x: x + room / 2, y: height(byId.get(id)) });
    x += room;
  });
  const [ahead, behind] = [
    reachSpine(nodes, network.before, places),
    reachSpine([...nodes].reverse(), network.after, places),
  ];
  for (const { id } of nodes) {
    if (places.has(id)) continue;
    const [a, b] = [ahead.get(id), behind.get(id)];
    const share = a.steps / (a.steps + b.steps);
    places.set(id, { x: a.x + (b.x - a.x) * share, y: height(byId.get(id)), side: true });
  }
  for (const { id, op } of nodes) {
    if (op === "skip1" && places.get(id).side && crosses(id, network, places))
      places.get(id).y -= 15; // off the skip of its own level
  }
  separate(nodes, places);
  return { width: Math.ceil(x + 8), places };
}

/** Up-samplings stand between the rows, so that the skips of their level pass above. */
const height = ({ op, level }) => rowY(level) + (op.startsWith("up-") ? ROW * 0.42 : 0);
const rowY = level => level * ROW + ROW / 2 + 4;
const sum = values => values.reduce((total, value) => total + value, 0);

/** For nodes beside the spine: where the nearest spine node is that leads here, and how many steps away. */
function reachSpine(order, before, places) {
  const found = new Map();
  for (const { id } of order) {
    if (places.has(id)) found.set(id, { x: places.get(id).x, steps: 0 });
    else {
      const ways = before
        .get(id)
        .map(other => found.get(other))
        .filter(Boolean);
      const near = ways.sort((a, b) => a.steps - b.steps)[0] ?? { x: 0, steps: 0 };
      found.set(id, { x: near.x, steps: near.steps + 1 });
    }
  }
  return found;
}

/** Moves apart what would lie on one another in a row. */
function separate(nodes, places) {
  for (const node of nodes.filter(({ id }) => places.get(id).side)) {
    const here = places.get(node.id);
    for (let tries = 0; tries < 6; tries++) {
      const hit = nodes.some(
        ({ id }) =>
          id !== node.id &&
          Math.abs(places.get(id).y - here.y) < 13 &&
          Math.abs(places.get(id).x - here.x) < 21,
      );
      if (!hit) break;
      here.y += tries % 2 ? -14 * (tries + 1) : 14 * (tries + 1);
    }
  }
}

function rowOf(level, width) {
  return svg(
    "g",
    {},
    svg("line", { x1: 22, x2: width, y1: rowY(level), y2: rowY(level), class: "level" }),
    svg("text", { x: 4, y: rowY(level) + 4, class: "level-name" }, String(level)),
  );
}

/** An edge from rim to rim; what is beside the spine is a skip, or a crossing where it changes its level. */
function lineOf({ source, target }, network, places, arrow) {
  const [from, to] = [places.get(source), places.get(target)];
  const beside = [source, target].filter(id => places.get(id).side);
  const kind = !beside.length
    ? ""
    : beside.some(id => crosses(id, network, places))
      ? " crossing"
      : " skip-edge";
  const [start, end] = [
    rim(from, to, sizeOf(network.byId.get(source))),
    rim(to, from, sizeOf(network.byId.get(target))),
  ];
  return svg("line", {
    x1: start.x,
    y1: start.y,
    x2: end.x,
    y2: end.y,
    "marker-end": `url(#${arrow})`,
    class: `edge${kind}`,
  });
}

function crosses(id, { byId, before, after }, places) {
  const chain = [id, ...before.get(id), ...after.get(id)].filter(other => places.get(other).side);
  return chain.some(other => /^(up-|down)/.test(byId.get(other).op));
}

function rim(here, there, [width, height]) {
  const [dx, dy] = [there.x - here.x, there.y - here.y];
  const scale = Math.min(
    dx ? (width / 2 + 1) / Math.abs(dx) : Infinity,
    dy ? (height / 2 + 1) / Math.abs(dy) : Infinity,
    0.5,
  );
  return { x: here.x + dx * scale, y: here.y + dy * scale };
}

function glyph(node, { x, y }) {
  const { op, channels, level } = node;
  const [w, height] = sizeOf(node);
  const text = op.startsWith("up-")
    ? op[3]
    : ({ input: "in", output: "out", concat: "+" }[op] ?? String(channels ?? ""));
  const box = rx => svg("rect", { x: x - w / 2, y: y - height / 2, width: w, height, rx });
  const shape = op.startsWith("up-")
    ? svg("path", { d: `M${x} ${y - height / 2 - 2}l${w / 2 + 1} ${height + 2}h${-w - 2}z` })
    : box({ conv3: 1, down: 1, skip1: 7, concat: 7 }[op] ?? 9);
  const bar =
    op === "down" ? svg("path", { d: `M${x - w / 2} ${y - height / 2}h${w}`, class: "bar" }) : null;
  return svg(
    "g",
    { class: `node ${op.startsWith("up-") ? "up" : op}` },
    svg(
      "title",
      {},
      `${WORDS[op] ?? op}${channels ? `, ${channels} channels` : ""}, level ${level}`,
    ),
    shape,
    bar,
    svg("text", { x, y: y + (op.startsWith("up-") ? 6 : 4) }, text),
  );
}

function inWords({ nodes, before, byId }, deepest) {
  const skips = nodes.filter(({ op }) => op === "skip1");
  const from = skips.map(({ id, level, channels }) => {
    const crossing = nodes.some(
      other => before.get(other.id).includes(id) && other.op.startsWith("up-"),
    );
    return `${crossing ? "crossing from" : "skip at"} level ${level} (${channels} channels)`;
  });
  const ups = [
    ...new Set(nodes.filter(({ op }) => op.startsWith("up-")).map(({ op }) => op.slice(3))),
  ];
  const parts = [`Network of ${byId.size} nodes, deepest level ${deepest}`];
  parts.push(from.join(", ") || "no skip connection", `up-sampling ${ups.join(", ") || "none"}`);
  return parts.join("; ");
}
