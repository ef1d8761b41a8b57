/** The choices that make an architecture of a space: as the service has them, and in the address. */

/** How many values a field has: 1, or one for each of its levels. */
export function lengthOf(field, depth) {
  if (field.kind === "one") return 1;
  return field.levels.endsWith("depth-2") ? depth - 1 : depth;
}

/** First choices everywhere, but a depth of 3 where there is one. */
export function initial(space) {
  const depth = space.fields.find(({ name }) => name === "depth");
  return fitted(space, { depth: depth?.choices.includes(3) ? 3 : depth?.choices[0] });
}

/** `values` with all fields, lists as long as the depth asks; a kept level keeps its choice. */
export function fitted(space, values) {
  const depth = values.depth ?? 1;
  return Object.fromEntries(
    space.fields.map(field => {
      const allowed = value => (field.choices.includes(value) ? value : field.choices[0]);
      if (field.kind === "one") return [field.name, allowed(values[field.name])];
      return [
        field.name,
        Array.from({ length: lengthOf(field, depth) }, (_, level) =>
          allowed(values[field.name]?.[level]),
        ),
      ];
    }),
  );
}

/** "unet64,3,none.wide.none,…": the places of the choices, in the order of the fields. */
export function toText(space, values) {
  const one = (field, value) => field.choices.indexOf(value);
  return [
    space.name,
    ...space.fields.map(field =>
      [values[field.name]]
        .flat()
        .map(value => one(field, value))
        .join("."),
    ),
  ].join(",");
}

/** The space and values of such a text; null for a space that there is not. */
export function fromText(spaces, text) {
  const [name, ...parts] = text.split(",");
  const space = spaces.find(other => other.name === name);
  if (!space) return null;
  const read = (field, part = "") => part.split(".").map(place => field.choices[Number(place)]);
  const values = Object.fromEntries(
    space.fields.map((field, i) => [
      field.name,
      field.kind === "one" ? read(field, parts[i])[0] : read(field, parts[i]),
    ]),
  );
  return { space, values: fitted(space, values) };
}

export const wordOf = value => (value === true ? "yes" : value === false ? "no" : String(value));
