/** The JSON routes; addresses are relative, so a prefix of a proxy does not matter. */

const cache = new Map();
const KEPT = 200;

/** A refusal of the service: `message` is for people. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** GET, each address asked once; a failed answer is not kept. */
export function get(path, parameters = {}) {
  const known = Object.entries(parameters).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  const address = `v1/${path}${known.length ? `?${new URLSearchParams(known)}` : ""}`;
  if (!cache.has(address)) {
    if (cache.size >= KEPT) cache.delete(cache.keys().next().value);
    const answer = ask(address, {});
    answer.catch(() => cache.delete(address));
    cache.set(address, answer);
  }
  return cache.get(address);
}

/** POST of a value, or of text that is JSON already. */
export function post(path, body) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return ask(`v1/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: text,
  });
}

async function ask(address, options) {
  let reply;
  try {
    reply = await fetch(address, options);
  } catch {
    throw new Refusal(0, "The service does not answer. Is it still running?");
  }
  const value = await reply.json().catch(() => null);
  if (!reply.ok)
    throw new Refusal(reply.status, value?.detail ?? `The service answered ${reply.status}.`);
  if (value === null) throw new Refusal(reply.status, "The service sent no JSON.");
  return value;
}

/** Runs `work` unless a later call of the same kind has begun meanwhile: late answers are dropped. */
export function latestOnly() {
  let turn = 0;
  return async work => {
    const mine = ++turn;
    const current = () => mine === turn;
    return work(current);
  };
}
