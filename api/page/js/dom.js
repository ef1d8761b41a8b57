/** Making and finding elements. No inline style is ever written as text: the policy forbids it. */

export const at = id => document.getElementById(id);

/** An element with attributes; `on…` attributes are listeners, null and false ones are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false)
      node.setAttribute(name, value);
  }
  node.append(
    ...children
      .flat(Infinity)
      .filter(child => child !== null && child !== undefined && child !== false),
  );
  return node;
}

/** A select with its label; `groups` is [[group or "", [[value, text], …]], …]. */
export function select(id, label, groups, value, onchange, extra = {}) {
  const options = groups.map(([group, items]) => {
    const made = items.map(([v, text]) => h("option", { value: v, selected: v === value }, text));
    return group ? h("optgroup", { label: group }, made) : made;
  });
  const input = h(
    "select",
    { id, onchange: event => onchange(event.target.value), ...extra },
    options,
  );
  return [h("label", { for: id }, label), input];
}

/** A check box with its label. */
export function check(id, label, checked, onchange) {
  const input = h("input", {
    type: "checkbox",
    id,
    onchange: event => onchange(event.target.checked),
  });
  input.checked = checked;
  return h("label", { class: "check" }, input, label);
}

/** Puts a floating element near a point of the window, wholly inside it. */
export function place(node, x, y) {
  const { width, height } = node.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  node.style.left = `${Math.max(4, Math.min(x + 12, room - width - 4))}px`;
  node.style.top = `${Math.max(4, y + 12 + height > innerHeight ? y - height - 12 : y + 12)}px`;
}

/** A button that copies text and says so. */
export function copyButton(text, label = "Copy") {
  const button = h(
    "button",
    {
      type: "button",
      class: "small",
      onclick: async () => {
        await copy(text());
        button.textContent = "Copied";
        setTimeout(() => {
          button.textContent = label;
        }, 1500);
      },
    },
    label,
  );
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // no clipboard on plain http: the old way
    const area = h("textarea", { class: "quiet" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Draws again what had the focus: rendering replaces elements, a keyboard user must not be lost. */
export function keepFocus(draw) {
  const id = document.activeElement?.id;
  draw();
  if (id && document.activeElement?.id !== id) at(id)?.focus({ preventScroll: true });
}
