/** Colours and shapes of marks. Every colour has a contrast of 3 or more with the page: tested. */

const ORDERED = {
  light: ["#04299e", "#4a2dad", "#722daa", "#9f268d", "#c32855", "#d33d2c", "#d2600c", "#c68206"],
  dark: ["#386be2", "#7c6bee", "#ae6dee", "#e66cd0", "#fe879c", "#fda893", "#fec995", "#ffea6e"],
};
const UNORDERED = {
  light: ["#1762b6", "#d16631", "#0c7d48", "#903d8b", "#9e840a", "#7e0330"],
  dark: ["#62a7fd", "#f78955", "#61da92", "#d87fd1", "#f6d653", "#cf5971"],
};
const UNKNOWN = { light: "#6b6b70", dark: "#9a9aa2" };

/** Shapes in the library's notation: the last are paths in a box. */
export const SHAPES = [
  "circle",
  "rect",
  "triangle",
  "diamond",
  "path://M4 0h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
  "path://M0 0h12l-6 12z",
  "path://M6 0l6 5-2.5 7h-7l-2.5-7z",
  "path://M0 0h12l-6 6 6 6h-12l6-6z",
];

const night = matchMedia("(prefers-color-scheme: dark)");
export const theme = () => (night.matches ? "dark" : "light");
export const onTheme = listener => night.addEventListener("change", listener);

export function colours(count, ordered) {
  const all = (ordered ? ORDERED : UNORDERED)[theme()];
  if (!ordered) return Array.from({ length: count }, (_, i) => all[i % all.length]);
  return Array.from(
    { length: count },
    (_, i) => all[count === 1 ? 3 : Math.round((i * (all.length - 1)) / (count - 1))],
  );
}

export const unknown = () => UNKNOWN[theme()];

/** The colours of the page itself, for what the library draws. */
export function ink() {
  const style = getComputedStyle(document.documentElement);
  const read = name => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: read("ink"),
    paper: read("paper"),
    faint: read("faint"),
    dim: read("dim"),
    a: read("a"),
    b: read("b"),
  };
}
