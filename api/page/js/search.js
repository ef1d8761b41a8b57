/** Search as you type: a combo box over names and keys. */

import { at, h } from "./dom.js";

const MOST = 12;

/** `choose(row)` for one that is found, `ask(text)` for anything else that is entered. */
export function makeSearch(data, choose, ask) {
  const [input, list] = [at("search-input"), at("search-list")];
  let found = [];
  let active = -1;

  function show(rows) {
    found = rows;
    active = -1;
    list.replaceChildren(
      ...rows.map((row, i) =>
        h(
          "li",
          {
            role: "option",
            id: `found-${i}`,
            "aria-selected": "false",
            onpointerdown: event => {
              event.preventDefault();
              take(row);
            },
          },
          row.label,
          h("small", {}, ` ${row.key.slice(0, 8)}`),
        ),
      ),
    );
    list.hidden = rows.length === 0;
    input.setAttribute("aria-expanded", String(rows.length > 0));
    input.removeAttribute("aria-activedescendant");
  }

  function take(row) {
    input.value = row.label;
    show([]);
    choose(row, false);
  }

  function move(step) {
    if (!found.length) show(matches(data.rows, input.value));
    if (!found.length) return;
    list.children[active]?.setAttribute("aria-selected", "false");
    active = (active + step + found.length + (active < 0 && step < 0 ? 1 : 0)) % found.length;
    list.children[active].setAttribute("aria-selected", "true");
    list.children[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", `found-${active}`);
  }

  input.addEventListener("input", () =>
    show(input.value.trim() ? matches(data.rows, input.value) : []),
  );
  input.addEventListener("blur", () => show([]));
  input.addEventListener("keydown", event => {
    const text = input.value.trim();
    if (event.key === "ArrowDown" || event.key === "ArrowUp")
      move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Escape") show([]);
    else if (event.key === "Enter" && active >= 0) take(found[active]);
    else if (event.key === "Enter" && data.byId.has(text)) take(data.byId.get(text));
    else if (event.key === "Enter" && text) {
      show([]);
      ask(text);
    } else return;
    event.preventDefault();
  });
}

/** Rows whose name holds every word, or whose key begins with the text; whole beginnings first. */
export function matches(rows, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = rows.filter(
    ({ label, key }) =>
      words.every(word => label.toLowerCase().includes(word)) ||
      (words.length === 1 && words[0].length >= 4 && key.startsWith(words[0])),
  );
  const rank = ({ label }) => (label.startsWith(words[0]) ? 0 : 1);
  return hits.sort((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label)).slice(0, MOST);
}
