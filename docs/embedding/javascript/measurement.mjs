// The measurement of one native frame by the graphs, in onnxruntime for Node.js or for browsers (`ort`).
const NOWHERE = [0, 0, 0, 0];

export const numbers = (tensor) => Array.from(tensor.data, Number);

export class Measurement {
  // `sessions`: prepare, look, crop, network, count; `grid` and `step` of the network's metadata.
  constructor(ort, sessions, grid, step) {
    Object.assign(this, { ort, sessions, grid, step });
  }

  whole(values) {
    return new this.ort.Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);
  }

  number(value) {
    return new this.ort.Tensor("int64", BigInt64Array.of(BigInt(value)), []);
  }

  // `usual`: top, left, rows, columns of the window of the device profile.
  async measure(grey, shape, { devicePixels, usual }) {
    const { Tensor } = this.ort;
    const frame = new Tensor("uint8", grey, shape);
    const { coarse, found, levels, table } = await this.sessions.prepare.run({
      frame,
      device_pixels: new Tensor("bool", [devicePixels ? 1 : 0], []),
    });
    const nothing = new Tensor("uint8", new Uint8Array(0), [0, 0]);
    const looked = coarse.data.length ? await this.sessions.look.run({ coarse }) : { tissues: nothing };
    const around = { found, tissues: looked.tissues };
    const view = (usual, tissues, box, margin) => {
      const whole = { usual: this.whole(usual), box: this.whole(box), margin: this.number(margin) };
      return this.view({ frame, table, tissues, ...whole }, around);
    };

    const first = await view(usual, looked.tissues, NOWHERE, -16);
    let last = first;
    if (first.seen && !first.settled && String(first.window) === String(usual))
      last = await view(usual, looked.tissues, NOWHERE, 32);
    if (first.seen && !last.settled) {
      const all = await view(NOWHERE, nothing, NOWHERE, 0);
      const box = all.box.map((side) => side * this.grid);
      last = all.lens_px ? await view(usual, nothing, box, 0) : first;
    }
    const pictures = looked.picture_probability ? numbers(looked.picture_probability) : null;
    return { ...last, found: found.data[0] === 1, levels: numbers(levels), table: numbers(table), pictures };
  }

  // Crop, labels and counts of one window; `around`: what the whole frame showed.
  async view(inputs, around) {
    const { frame } = inputs;
    const { scan, window, lens_seen } = await this.sessions.crop.run({ ...inputs, step: this.number(this.step) });
    const { labels } = await this.sessions.network.run({ scan });
    const sizes = { frame_shape: this.whole(frame.dims), grid: this.number(this.grid) };
    const counted = await this.sessions.count.run({ labels, window, scan, ...sizes, ...around });
    const names = ["lens_px", "cataract_px", "dropped_px"];
    return {
      ...Object.fromEntries(names.map((name) => [name, Number(counted[name].data[0])])),
      window: numbers(window),
      box: numbers(counted.box),
      cut: numbers(counted.cut),
      holds: numbers(counted.reasons),
      seen: lens_seen.data[0] === 1,
      settled: counted.settled.data[0] === 1,
      measured: { labels: counted.measured.data, shape: counted.measured.dims },
    };
  }
}
