/** Drags, clicks and the wheel on the plot, in its pixels. */

import { h } from "./dom.js";

const STARTS_AT = 5; // pixels: less is a click

/**
 * Calls `on.click(x, y, event)`, `on.hover(x, y, event)`, `on.leave()`, `on.wheel(x, y, deltaY)`,
 * `on.drag(start, now)` and `on.dropped(start, end)`; `on.drawsArea()` says whether a drag draws one.
 */
export function listen(node, on) {
  const rubber = node.appendChild(h("div", { class: "rubber", hidden: true }));
  let start = null;
  let dragging = false;
  const spot = event => {
    const box = node.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const stop = () => {
    start = null;
    dragging = false;
    rubber.hidden = true;
  };
  let dragged = false; // so that the click which ends a drag is none
  node.addEventListener("pointerdown", event => {
    dragged = false;
    if (event.button === 0) start = spot(event);
  });
  node.addEventListener("pointermove", event => {
    const now = spot(event);
    if (start && !dragging && Math.hypot(now.x - start.x, now.y - start.y) > STARTS_AT) {
      dragging = true;
      node.setPointerCapture(event.pointerId);
      on.leave();
    }
    if (!dragging) return on.hover(now.x, now.y, event);
    on.drag(start, now);
    if (on.drawsArea()) draw(rubber, start, now);
  });
  node.addEventListener("pointerup", event => {
    const from = start;
    dragged = dragging;
    stop();
    if (dragged) on.dropped(from, spot(event));
  });
  node.addEventListener("click", event => {
    const { x, y } = spot(event);
    if (!dragged) on.click(x, y, event);
  });
  node.addEventListener("pointercancel", stop);
  node.addEventListener("pointerleave", () => on.leave());
  node.addEventListener(
    "wheel",
    event => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      const { x, y } = spot(event);
      on.wheel(x, y, event.deltaY);
    },
    { passive: false },
  );
}

function draw(rubber, a, b) {
  rubber.hidden = false;
  rubber.style.left = `${Math.min(a.x, b.x)}px`;
  rubber.style.top = `${Math.min(a.y, b.y)}px`;
  rubber.style.width = `${Math.abs(a.x - b.x)}px`;
  rubber.style.height = `${Math.abs(a.y - b.y)}px`;
}
