/** What a metric means, beside where it is shown. */

import { at, h, place } from "./dom.js";

/** A button that opens the explanation of `metric()`. */
export function why(metric, label = "?") {
  const button = h("button", { type: "button", class: label === "?" ? "why" : "term" }, label);
  button.addEventListener("click", () => {
    const found = metric();
    const box = at("explain");
    box.replaceChildren(
      h("strong", {}, found.label),
      h("p", {}, found.explain || "No explanation."),
      h("p", {}, found.unit ? `Unit: ${found.unit}.` : ""),
    );
    box.showPopover();
    const { left, bottom } = button.getBoundingClientRect();
    place(box, left - 12, bottom - 8);
  });
  if (label === "?") button.setAttribute("aria-label", "Explain this metric");
  return button;
}
