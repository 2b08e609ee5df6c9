// What a model file says of itself, and its seal: engines for JavaScript show no metadata, so the file is read.
const PREFIX = "edge_cataract.";
const METADATA = 14; // field of ModelProto that holds entries of key (1) and value (2)

export class ModelError extends Error {
  constructor(word, found) {
    super(`${word}: ${found}`);
    this.word = word;
  }
}

// Fields of a protobuf message that have a length: [number, bytes].
function* fields(bytes) {
  let place = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[place++];
      if (byte === undefined || factor > 2 ** 49) throw new ModelError("not-a-model", "it is no ONNX file");
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (place < bytes.length) {
    const key = varint(), kind = key % 8;
    if (kind === 0) varint();
    else if (kind === 1 || kind === 5) place += kind === 1 ? 8 : 4;
    else if (kind === 2) {
      const length = varint();
      if (place + length > bytes.length) throw new ModelError("damaged-model", "the file ends too early");
      yield [Math.floor(key / 8), bytes.subarray(place, place + length)];
      place += length;
    } else throw new ModelError("not-a-model", "it is no ONNX file");
  }
}

export function entries(bytes) {
  const text = new TextDecoder(), found = {};
  for (const [number, content] of fields(bytes)) {
    if (number !== METADATA) continue;
    const pair = Object.fromEntries(fields(content));
    found[text.decode(pair[1])] = text.decode(pair[2] ?? new Uint8Array());
  }
  return found;
}

export async function checkDigest(bytes, sha256) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) throw new ModelError("damaged-model", "its bytes are not those of the release");
}

const SCHEMAS = { look: "edge-cataract/look/1", network: "edge-cataract/model/1" };

export function checkSchema(name, bytes) {
  const found = entries(bytes), wanted = SCHEMAS[name] ?? "edge-cataract/graph/1";
  const named = name === "network" || found[`${PREFIX}name`] === name;
  if (found[`${PREFIX}schema`] !== wanted || !named) throw new ModelError("model-schema", `${wanted} was expected`);
}

// The threshold and the geometry are the network's own.
export function networkFacts(bytes) {
  const found = entries(bytes);
  const number = (key) => {
    const value = Number(found[PREFIX + key] || NaN);
    if (!(value >= 0)) throw new ModelError("model-metadata", `${key} is missing or malformed`);
    return value;
  };
  const facts = { threshold: number("cf_threshold"), guardBand: number("guard_band"), grid: number("grid") };
  if (found[`${PREFIX}brightness`] !== "referenced" || !(facts.threshold > 0 && facts.threshold < 1))
    throw new ModelError("model-metadata", "only networks on the eye's own scale of grey are run here");
  const model = ["name", "version", "precision"].map((key) => found[PREFIX + key]).join(" ");
  return { ...facts, step: facts.grid * number("stride"), model };
}
