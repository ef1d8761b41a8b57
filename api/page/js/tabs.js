/** Tabs of the panel: arrow keys move, the choice is in the address. */

import { at, h } from "./dom.js";
import { change } from "./state.js";

const TABS = [
  ["architecture", "Architecture"],
  ["filters", "Filters"],
  ["build", "Build"],
  ["graph", "Graph"],
];

/** Builds the tabs; the function returned shows that of the state. */
export function makeTabs() {
  const open = name => change({ tab: name }, { replace: true });
  at("tabs").append(
    ...TABS.map(([name, label]) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          id: `open-${name}`,
          "aria-controls": `tab-${name}`,
          onclick: () => open(name),
        },
        label,
      ),
    ),
  );
  for (const [name] of TABS) at(`tab-${name}`).setAttribute("aria-labelledby", `open-${name}`);
  at("tabs").addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const here = TABS.findIndex(([name]) => document.activeElement.id === `open-${name}`);
    if (!step || here < 0) return;
    const [name] = TABS[(here + step + TABS.length) % TABS.length];
    open(name);
    at(`open-${name}`).focus();
    event.preventDefault();
  });
  return state => {
    const chosen = TABS.some(([name]) => name === state.tab) ? state.tab : "architecture";
    for (const [name] of TABS) {
      at(`open-${name}`).setAttribute("aria-selected", String(name === chosen));
      at(`open-${name}`).tabIndex = name === chosen ? 0 : -1;
      at(`tab-${name}`).hidden = name !== chosen;
    }
    const count = state.filters.length;
    at("open-filters").textContent = count ? `Filters (${count})` : "Filters";
  };
}
