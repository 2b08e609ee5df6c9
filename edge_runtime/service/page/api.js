// What the page asks of the service, and the three ways in which it does not get it.

// The service does not answer, or no longer knows the exam: start it again, and send everything anew.
export class Lost extends Error {}

// The service wants a token that it does not give out.
export class TokenNeeded extends Error {}

// The service has understood, and says no.
export class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? "");
    this.status = status;
    this.code = error?.code ?? "internal";
  }
}

const SILENCE_MS = 20_000; // without a word about an exam in work, the service is asked again
const ANSWER_MS = 120_000; // a service that has not answered by then does not answer
const READY_MS = 5_000;
const MOST_FAULTS = 6; // what is wrong with the service each time does not end by asking again
const NO_ROOM = new Set(["no-room", "too-many-exams"]);
let token = new URLSearchParams(location.hash.slice(1)).get("token");
let given = token !== null; // by a person or by the address, not by the service

export function useToken(text) {
  token = text;
  given = true;
}

// The session of this start of the service.
export async function newSession(signal) {
  if (given) return;
  const answer = await ask("/v1/session", { signal });
  if (answer.status === 401 || answer.status === 403) throw new TokenNeeded();
  if (!answer.ok) throw new Lost();
  ({ token } = await content(answer, "json", signal));
}

async function ask(path, { signal, ...options }) {
  try {
    return await fetch(path, { redirect: "error", cache: "no-store", ...options, signal: limited(signal, ANSWER_MS) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Lost(path, { cause: error });
  }
}

// Ask until the service has room: a full queue and a starting service say when to come again. `busy` hears of what the
// exam waits for: its "turn", or "room".
export async function request(method, path, { body, type, signal, missing = false, busy = () => {} } = {}) {
  for (let faults = 0; ; ) {
    const headers = { Authorization: `Bearer ${token}` };
    if (type) headers["Content-Type"] = type;
    const answer = await ask(path, { method, headers, body, signal });
    if (answer.status === 401 || answer.status === 403) {
      if (given) {
        given = false;
        throw new TokenNeeded();
      }
      throw new Lost(path);
    }
    if (answer.status === 404) {
      if (missing) return null;
      throw new Lost(path);
    }
    if (answer.ok) return answer;
    const error = (await answer.json().catch(() => null))?.error;
    const later = answer.status === 429 || (answer.status === 503 && ++faults < MOST_FAULTS);
    if (!later) throw new Refused(answer.status, error);
    busy(NO_ROOM.has(error?.code) ? "room" : "turn");
    await pause(1000 * Math.min(Math.max(Number(answer.headers.get("Retry-After")) || 1, 1), 30), signal);
  }
}

// The whole of an answer, as json, text or blob; a service that dies on the way is lost, too.
export async function content(answer, kind, signal) {
  try {
    const whole = await answer[kind]();
    signal?.throwIfAborted();
    return whole;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Lost(kind, { cause: error });
  }
}

// Let the service forget an exam, also while the page is being left. It forgets by itself what this does not reach.
export function forgetInService(id) {
  if (!id) return;
  const headers = { Authorization: `Bearer ${token}` };
  fetch(`/v1/exams/${id}`, { method: "DELETE", headers, keepalive: true }).catch(() => {});
}

export async function* events(path, signal) {
  const answer = await request("GET", path, { signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await within(SILENCE_MS, reader.read());
      if (done) return;
      text = (text + value).replace(/\r\n?/g, "\n");
      for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
        const event = parsed(text.slice(0, end));
        if (event) yield event;
      }
    }
  } catch (error) {
    if (signal?.aborted) throw error;
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  const fields = { event: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (name === "event") fields.event = value;
    if (name === "data") fields.data += value;
  }
  return fields.data ? { name: fields.event, data: JSON.parse(fields.data) } : null;
}

function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Lost("silence")), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function limited(signal, ms) {
  const late = AbortSignal.timeout(ms);
  return signal ? AbortSignal.any([signal, late]) : late;
}

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal?.addEventListener("abort", stop, { once: true });
    setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
  });
}

export async function isReady(signal) {
  try {
    return (await fetch("/health/ready", { cache: "no-store", signal: limited(signal, READY_MS) })).ok;
  } catch (error) {
    if (signal?.aborted) throw error;
    return false;
  }
}
