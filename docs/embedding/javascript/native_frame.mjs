// From the pixels of a device to the native frame: display window, then pixels of 7.675 um, in whole numbers.
const NATIVE_UM = 7.675, MAX_PIXELS = 25_000_000;
const USUAL = [640, 525, 1100, 1100];

// What docs/inputs.md says of the devices that are known; lowest white, then grey 0 and 255 as parts of white.
const DEVICES = [
  { shape: [1824, 2150], um: [14000, 16500], leastWhite: 255, display: [0, 1], exports: [[1824, 2150], [1459, 1713]] },
  { shape: [1519, 768], um: [13520, 16500], leastWhite: 256, display: [0.2, 1.11], exports: [[1519, 768]] },
];

// A refusal: a word of docs/codes.md, or one of docs/embedding, and what was found.
export class ScanError extends Error {
  constructor(word, found) {
    super(`${word}: ${found}`);
    this.word = word;
  }
}

export function roundHalfEven(value) {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

function deviceOf({ rows, columns, white }) {
  return DEVICES.find(
    ({ shape, leastWhite }) => white >= leastWhite && Math.abs(columns / rows / (shape[1] / shape[0]) - 1) <= 0.01,
  );
}

// Shape, first window and display of a scan's native frame; `pitch`: [row, column] in um, or undefined.
function plan(scan, pitch) {
  const sides = [scan.rows, scan.columns];
  if (!(scan.white >= 255 && scan.white <= 65535)) throw new ScanError("unknown-depth", `white is ${scan.white}`);
  if (!(sides[0] * sides[1] > 0 && sides[0] * sides[1] <= MAX_PIXELS))
    throw new ScanError("too-many-pixels", `${sides[1]} x ${sides[0]}`);
  if (pitch && !(pitch.length === 2 && pitch.every((um) => um >= 1 && um <= 40)))
    throw new ScanError("bad-pixel-pitch", `${pitch} um`);
  const device = pitch ? undefined : deviceOf(scan);
  if (!pitch && !device) throw new ScanError("unknown-frame", `${sides[1]} x ${sides[0]} pixels fit no known device`);
  const um = sides.map((side, axis) => (device ? device.um[axis] : ((side * pitch[axis]) / 1000) * 1000) / side);
  if (Math.max(...um) > 40) throw new ScanError("too-coarse", `pixels of ${um} um`);
  const shape = sides.map((side, axis) => roundHalfEven((side * um[axis]) / NATIVE_UM));
  if (shape[0] * shape[1] > MAX_PIXELS || Math.min(...shape) < 1) throw new ScanError("too-many-pixels", `${shape}`);
  const length = shape.map((side, axis) => (device ? Math.min(USUAL[2 + axis], side) : side));
  const first = shape.map((side, axis) => (device ? Math.min(USUAL[axis], side - length[axis]) : 0));
  return {
    shape,
    usual: [...first, ...length],
    known: Boolean(device),
    devicePixels: Boolean(device?.exports.some(([rows, columns]) => rows === sides[0] && columns === sides[1])),
    display: device?.display ?? [0, 1],
  };
}

// Grey levels 0 to 255 by a declared window, never by the data of one scan.
function displayed({ pixels, white }, [low, high]) {
  const table = Uint8Array.from({ length: white + 1 }, (_, level) => {
    const share = (level - low * white) / (high * white - low * white);
    return roundHalfEven(Math.min(Math.max(share, 0), 1) * 255);
  });
  const grey = new Uint8Array(pixels.length); // loops, as `map` and `from` take several times the memory
  let least = white, most = 0;
  for (let place = 0; place < pixels.length; place++) {
    const level = pixels[place];
    if (level < least) least = level;
    if (level > most) most = level;
    grey[place] = table[level];
  }
  if (most > white) throw new ScanError("brighter-than-white", `a pixel of ${most}, white is ${white}`);
  if (least === most) throw new ScanError("constant-image", `every pixel is ${most}`);
  return grey;
}

// A line of pixels, `stride` apart, to a larger length: linear, in 256ths.
function grown(grey, from, length, found, to, wanted, stride) {
  for (let place = 0; place < wanted; place++) {
    const at = (place + 0.5) * (1 / (wanted / length)) - 0.5, first = Math.floor(at);
    const part = first < 0 || first >= length - 1 ? 0 : roundHalfEven(256 * (at - first));
    const one = from + Math.min(Math.max(first, 0), length - 1) * stride, other = part ? one + stride : one;
    found[to + place * stride] = (grey[one] * (256 - part) + grey[other] * part + 128) >> 8;
  }
}

// To a smaller length: the mean of what a new pixel covers, rounded half up.
function shrunk(grey, from, length, found, to, wanted, stride) {
  for (let place = 0; place < wanted; place++) {
    const start = place * length, end = start + length; // in units of 1 / wanted of an old pixel
    let sum = 0;
    for (let old = Math.floor(start / wanted); old * wanted < end; old++)
      sum += grey[from + old * stride] * (Math.min(end, (old + 1) * wanted) - Math.max(start, old * wanted));
    found[to + place * stride] = Math.floor((2 * sum + length) / (2 * length));
  }
}

// One axis of (outer, length, inner) pixels.
function resizedAxis(grey, outer, length, inner, wanted) {
  if (length === wanted) return grey;
  const found = new Uint8Array(outer * wanted * inner), line = wanted > length ? grown : shrunk;
  for (let block = 0; block < outer; block++)
    for (let beside = 0; beside < inner; beside++)
      line(grey, block * length * inner + beside, length, found, block * wanted * inner + beside, wanted, inner);
  return found;
}

export function native(grey, [rows, columns], [nativeRows, nativeColumns]) {
  return resizedAxis(resizedAxis(grey, 1, rows, columns, nativeRows), nativeRows, columns, 1, nativeColumns);
}

// `scan`: pixels (row by row), rows, columns, white.
export function nativeFrame(scan, pitch) {
  const planned = plan(scan, pitch);
  const grey = displayed(scan, planned.display);
  return { ...planned, grey: native(grey, [scan.rows, scan.columns], planned.shape) };
}
