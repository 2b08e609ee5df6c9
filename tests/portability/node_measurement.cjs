// `node node_measurement.cjs QUESTION.json ...`: for each question, a decoded grey scan and where its files are, the
// counts of its lens, its window and its table, as the Python runtime finds them. docs/embedding/README.md explains it.
const fs = require("node:fs");
const { InferenceSession, Tensor } = require("onnxruntime-node");

// One axis of a resize in whole numbers: linear where it grows, the mean of what it covers where it shrinks.
function weights(from, to) {
  return Array.from({ length: to }, (_, place) => {
    if (to < from) return null;
    const at = (place + 0.5) * (1 / (to / from)) - 0.5;
    const first = Math.floor(at);
    const ties = (at - first) * 256, low = Math.floor(ties); // rounded half to even
    const part = ties - low === 0.5 ? low + (low % 2) : Math.round(ties);
    return first < 0 ? [0, 0, 0] : first >= from - 1 ? [from - 1, from - 1, 0] : [first, first + 1, part];
  });
}

function resizedAxis(grey, outer, from, inner, to) {
  if (from === to) return grey;
  const found = new Uint8Array(outer * to * inner), linear = weights(from, to);
  for (let block = 0; block < outer; block++)
    for (let place = 0; place < to; place++)
      for (let beside = 0; beside < inner; beside++) {
        const old = (row) => grey[(block * from + row) * inner + beside];
        let value;
        if (to > from) {
          const [first, second, part] = linear[place];
          value = (old(first) * (256 - part) + old(second) * part + 128) >> 8;
        } else {
          const [start, end] = [place * from, (place + 1) * from]; // in units of 1 / to of an old pixel
          let sum = 0;
          for (let row = Math.floor(start / to); row * to < end; row++)
            sum += old(row) * (Math.min(end, (row + 1) * to) - Math.max(start, row * to));
          value = Math.floor((2 * sum + from) / (2 * from));
        }
        found[(block * to + place) * inner + beside] = value;
      }
  return found;
}

function native(grey, [rows, columns], [nativeRows, nativeColumns]) {
  return resizedAxis(resizedAxis(grey, 1, rows, columns, nativeRows), nativeRows, columns, 1, nativeColumns);
}

const whole = (values) => new Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
const number = (value) => new Tensor("int64", BigInt64Array.of(BigInt(value)), []);
const numbers = (tensor) => Array.from(tensor.data, Number);

async function open({ prepare, look, crop, network, count }) {
  const load = (path) => InferenceSession.create(path, { interOpNumThreads: 1 });
  return {
    prepare: await load(prepare), look: await load(look), crop: await load(crop),
    network: await load(network), count: await load(count),
  };
}

// What the runtime measures in a native frame. `usual`: top, left, rows, columns of the window of the device profile.
async function measure(sessions, grey, shape, { devicePixels, usual, grid, step }) {
  const frame = new Tensor("uint8", grey, shape);
  const { coarse, found, levels, table } = await sessions.prepare.run({
    frame, device_pixels: new Tensor("bool", [devicePixels ? 1 : 0], []),
  });
  const nothing = new Tensor("uint8", new Uint8Array(0), [0, 0]);
  const tissues = coarse.data.length ? (await sessions.look.run({ coarse })).tissues : nothing;

  async function view(usual, tissues, box = [0, 0, 0, 0], margin = -16) {
    const { scan, window, lens_seen } = await sessions.crop.run({
      frame, table, tissues, usual: whole(usual), box: whole(box), step: number(step), margin: number(margin),
    });
    const { labels } = await sessions.network.run({ scan });
    const counted = await sessions.count.run({ labels, window, frame_shape: whole(shape), grid: number(grid) });
    return { ...counted, window, seen: lens_seen.data[0] === 1, settled: counted.settled.data[0] === 1 };
  }

  const first = await view(usual, tissues);
  let last = first;
  if (first.seen && !last.settled && String(numbers(last.window)) === String(usual))
    last = await view(usual, tissues, undefined, 32);
  if (first.seen && !last.settled) {
    const all = await view([0, 0, 0, 0], nothing);
    const box = numbers(all.box).map((side) => side * grid);
    last = Number(all.lens_px.data[0]) ? await view(usual, nothing, box) : first;
  }
  return { ...last, found: found.data[0] === 1, levels, table };
}

async function main(questions) {
  const answers = [];
  let sessions, models;
  for (const path of questions) {
    const question = JSON.parse(fs.readFileSync(path, "utf8"));
    if (JSON.stringify(question.models) !== models) sessions = await open(question.models);
    models = JSON.stringify(question.models);
    const grey = native(new Uint8Array(fs.readFileSync(question.scan)), question.shape, question.native);
    const answer = await measure(sessions, grey, question.native, question);
    const names = ["lens_px", "cataract_px", "dropped_px", "window", "levels", "table", "cut", "reasons"];
    answers.push({
      ...Object.fromEntries(names.map((name) => [name, numbers(answer[name])])),
      found: answer.found, settled: answer.settled,
    });
  }
  console.log(JSON.stringify(answers));
}

if (require.main === module) main(process.argv.slice(2));
module.exports = { measure, native, open };
