// Grey levels of a file, exactly as they are stored: no canvas, which would manage colours and drop 16 bits to 8.
import { ScanError } from "./native_frame.mjs";

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const MAX_PIXELS = 25_000_000, MAX_BYTES = 64 * 1024 * 1024;
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});

function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Chunks of a PNG: [name, content], up to its end.
function* chunks(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let place = SIGNATURE.length; ; ) {
    if (place + 12 > bytes.length) throw new ScanError("truncated-png", "it ends before its last part");
    const length = view.getUint32(place);
    if (place + 12 + length > bytes.length) throw new ScanError("truncated-png", "it ends within a part");
    const name = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
    if (crc(bytes.subarray(place + 4, place + 8 + length)) !== view.getUint32(place + 8 + length))
      throw new ScanError("damaged-png", "a checksum is wrong");
    yield [name, bytes.subarray(place + 8, place + 8 + length)];
    if (name === "IEND") return;
    place += 12 + length;
  }
}

function header(content) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [columns, rows] = [view.getUint32(0), view.getUint32(4)];
  const [bits, colour, , , interlaced] = content.subarray(8, 13);
  if (colour === 3) throw new ScanError("palette-image", "its colours are numbers of a list");
  if (colour === 4 || colour === 6) throw new ScanError("alpha-channel", "it says how transparent pixels are");
  if (bits !== 8 && bits !== 16) throw new ScanError("unsupported-depth", `${bits} bits`);
  if (interlaced) throw new ScanError("interlaced-png", "it is stored in several passes");
  if (!rows || !columns || rows * columns > MAX_PIXELS) throw new ScanError("too-many-pixels", `${columns} x ${rows}`);
  return { columns, rows, bytes: bits / 8, channels: colour === 2 ? 3 : 1 };
}

async function inflated(parts, wanted) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const found = new Uint8Array(wanted);
  let place = 0;
  try {
    for (const reader = stream.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      if (place + value.length > wanted) throw new ScanError("damaged-png", "it has more pixels than it says");
      found.set(value, place);
      place += value.length;
    }
  } catch (error) {
    throw error instanceof ScanError ? error : new ScanError("damaged-png", "its pixels cannot be unpacked");
  }
  if (place !== wanted) throw new ScanError("truncated-png", "it has fewer pixels than it says");
  return found;
}

function paeth(left, above, corner) {
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

// Undo what was done to each row before it was packed; in place, the first byte of a row says what it was.
function unfilter(packed, rows, stride, unit) {
  for (let row = 0; row < rows; row++) {
    const start = row * (stride + 1) + 1, filter = packed[start - 1], before = start - stride - 1;
    if (filter > 4) throw new ScanError("damaged-png", "a row was packed in no known way");
    for (let place = 0; filter && place < stride; place++) {
      const left = place >= unit ? packed[start + place - unit] : 0;
      const above = row ? packed[before + place] : 0;
      let guess = left;
      if (filter === 2) guess = above;
      else if (filter === 3) guess = (left + above) >> 1;
      else if (filter === 4) guess = paeth(left, above, row && place >= unit ? packed[before + place - unit] : 0);
      packed[start + place] += guess;
    }
  }
}

async function fromPng(file) {
  let shape;
  const parts = [];
  for (const [name, content] of chunks(file)) {
    if (name === "IHDR") shape = header(content);
    if (name === "acTL") throw new ScanError("multi-page", "it is animated");
    if (name === "tRNS") throw new ScanError("alpha-channel", "it says which pixels are transparent");
    if (name === "IDAT") parts.push(content);
  }
  if (!shape) throw new ScanError("damaged-png", "its header is missing");
  const { rows, columns, bytes, channels } = shape, unit = bytes * channels, stride = columns * unit;
  const packed = await inflated(parts, rows * (stride + 1));
  unfilter(packed, rows, stride, unit);
  const pixels = bytes === 2 ? new Uint16Array(rows * columns) : new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row++)
    for (let from = row * (stride + 1) + 1, end = from + stride; from < end; from += unit, to++) {
      for (let byte = bytes; byte < unit; byte++)
        if (packed[from + byte] !== packed[from + byte - bytes]) throw new ScanError("colour-image", "it has colours");
      pixels[to] = bytes === 2 ? packed[from] * 256 + packed[from + 1] : packed[from];
    }
  return { rows, columns, white: bytes === 2 ? 65535 : 255, pixels };
}

function fromPgm(file) {
  const start = String.fromCharCode(...file.subarray(0, 256));
  const found = /^P5(?:\s+|\s*#[^\n]*\n\s*)(\d+)\s+(\d+)\s+(\d+)\s/.exec(start);
  if (!found) throw new ScanError("malformed-pgm", "its header is damaged");
  const [columns, rows, white] = found.slice(1).map(Number), bytes = white > 255 ? 2 : 1;
  const body = file.subarray(found[0].length);
  if (!rows || !columns || rows * columns > MAX_PIXELS) throw new ScanError("too-many-pixels", `${columns} x ${rows}`);
  if (body.length !== rows * columns * bytes)
    throw new ScanError(body.length < rows * columns * bytes ? "truncated" : "trailing-bytes", "its length is wrong");
  if (bytes === 1) return { rows, columns, white, pixels: body };
  const pixels = new Uint16Array(rows * columns);
  for (let place = 0; place < pixels.length; place++) pixels[place] = body[2 * place] * 256 + body[2 * place + 1];
  return { rows, columns, white, pixels };
}

// `file`: bytes of a PNG or a PGM.
export async function readScan(file) {
  if (file.length > MAX_BYTES) throw new ScanError("file-too-large", "more than 64 MiB");
  if (!file.length) throw new ScanError("empty-file", "it holds nothing");
  if (SIGNATURE.every((byte, place) => file[place] === byte)) return fromPng(file);
  if (file[0] === 80 && file[1] === 53) return fromPgm(file);
  throw new ScanError("unsupported-format", "a grey PNG or PGM was expected");
}
