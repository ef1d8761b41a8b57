/** The selection as CSV and JSON, and files to save. */

/** Offers text as a file. */
export function saveText(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** Rows as flat objects: features, then every column of every source as "source:column". */
export function flat(rows, sources) {
  return rows.map(row => {
    const { scores, label, ...features } = row;
    const columns = sources.flatMap(({ id, columns }) =>
      columns.map(column => [`${id}:${column}`, scores[id]?.[column] ?? null]),
    );
    return { ...features, ...Object.fromEntries(columns) };
  });
}

/** CSV with a header; what was not measured is empty. */
export function toCsv(rows, sources) {
  const objects = flat(rows, sources);
  const names = [...new Set(objects.flatMap(Object.keys))];
  const lines = objects.map(object => names.map(name => cell(object[name])).join(","));
  return `${[names.map(cell).join(","), ...lines].join("\r\n")}\r\n`;
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = Array.isArray(value) ? value.join(" ") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** JSON that says where it is from. */
export function toJson(rows, data) {
  const tables = data.tables.map(({ protocol, protocol_hash, sha256 }) => ({
    protocol,
    protocol_hash,
    sha256,
  }));
  return JSON.stringify(
    { from: location.href, version: data.version, tables, architectures: flat(rows, data.sources) },
    null,
    1,
  );
}
