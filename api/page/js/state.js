/**
 * What is shown, as one object, and its place in the address.
 *
 * The fragment holds all that differs from the defaults, so a link shows the same view; Back and
 * Forward restore what was.
 */

export const DEFAULTS = Object.freeze({
  x: "",
  y: "",
  xlog: false,
  ylog: false, // metrics of the axes; "" is the first table's headline
  colour: "slc",
  shape: "",
  bars: false,
  front: false,
  filters: Object.freeze([]), // ["depth", "3|4"] or ["core64-v1:dip_rmse", "12..15"]
  zoom: null,
  brush: null, // [x low, x high, y low, y high] in units of the axes
  a: "",
  b: "", // chosen architectures, by name or key
  tool: "select",
  tab: "architecture",
  source: "",
  sort: "",
  page: 0,
  build: "",
});

const LISTENERS = [];
let state = DEFAULTS;
let last = { burst: "", time: 0 };

export const current = () => state;
export const onChange = listener => LISTENERS.push(listener);

/**
 * Takes over some of the state.
 *
 * Each change is a step to go Back to, but for those with `replace`, and those that follow within a
 * second on one of the same `burst`: typing, turning a wheel.
 */
export function change(patch, { replace = false, burst = "" } = {}) {
  const before = state;
  state = Object.freeze({ ...state, ...patch });
  const address = toAddress(state);
  if (address !== toAddress(before)) {
    const goesOn = burst !== "" && last.burst === burst && performance.now() - last.time < 1000;
    const how = replace || goesOn ? "replaceState" : "pushState";
    history[how](null, "", address || location.pathname + location.search);
    last = { burst, time: performance.now() };
  }
  notify(before);
}

/** Begins with what the address says, and follows Back and Forward. */
export function start() {
  state = fromAddress(location.hash);
  addEventListener("popstate", () => {
    const before = state;
    state = fromAddress(location.hash);
    notify(before);
  });
}

function notify(before) {
  for (const listener of LISTENERS) listener(state, before);
}

export function toAddress(value) {
  const parts = [];
  for (const [name, fallback] of Object.entries(DEFAULTS)) {
    const own = value[name];
    if (name === "filters") parts.push(...own.map(([id, range]) => ["f", `${id}=${range}`]));
    else if (Array.isArray(own))
      parts.push([name, own.map(number => +number.toPrecision(6)).join(",")]);
    else if (own !== fallback) parts.push([name, own === true ? "1" : String(own)]);
  }
  const text = new URLSearchParams(parts).toString();
  return text && `#${text.replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%7C", "|")}`;
}

/** Reads an address; what it does not understand is left at its default. */
export function fromAddress(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const value = {
    ...DEFAULTS,
    filters: parameters
      .getAll("f")
      .filter(text => text.includes("="))
      .map(split),
  };
  for (const [name, text] of parameters) {
    if (!(name in DEFAULTS) || name === "filters") continue;
    if (name === "zoom" || name === "brush") value[name] = area(text);
    else if (typeof DEFAULTS[name] === "boolean") value[name] = text === "1";
    else if (typeof DEFAULTS[name] === "number") value[name] = Math.max(0, parseInt(text, 10) || 0);
    else value[name] = text;
  }
  return Object.freeze(value);
}

function split(text) {
  const cut = text.indexOf("=");
  return [text.slice(0, cut), text.slice(cut + 1)];
}

function area(text) {
  const numbers = text.split(",").map(Number);
  return numbers.length === 4 &&
    numbers.every(Number.isFinite) &&
    numbers[0] < numbers[1] &&
    numbers[2] < numbers[3]
    ? numbers
    : null;
}
