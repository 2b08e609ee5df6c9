// From the bytes of a scan to its answer: what a page and a program for Node.js share.
import { judged } from "./judgement.mjs";
import { Measurement } from "./measurement.mjs";
import { checkSchema, networkFacts } from "./model_file.mjs";
import { nativeFrame } from "./native_frame.mjs";
import { readScan } from "./scan_file.mjs";

const NAMES = ["prepare", "look", "crop", "network", "count"];

export class Analyzer {
  // `files`: the bytes of every file by its name; `extra`: further options of a session. The engine's arena would keep
  // the memory of the largest scan.
  static async open(ort, files, threads = 1, extra = {}) {
    const memory = { enableCpuMemArena: false, enableMemPattern: false };
    const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3, ...memory, extra };
    const sessions = {}, facts = networkFacts(files.network);
    for (const name of NAMES) {
      checkSchema(name, files[name]);
      sessions[name] = await ort.InferenceSession.create(files[name], options);
    }
    return new Analyzer(new Measurement(ort, sessions, facts.grid, facts.step), facts);
  }

  constructor(measurement, facts) {
    Object.assign(this, { measurement, facts });
  }

  // `pitch`: [row, column] of a pixel in um; undefined: by the shape, for frames of a known device.
  async analyze(bytes, pitch) {
    const frame = nativeFrame(await readScan(bytes), pitch);
    const measured = await this.measurement.measure(frame.grey, frame.shape, frame);
    const answer = judged(measured, frame.known, this.facts);
    return {
      answer: { ...answer, model: this.facts.model, disclaimer: "Research use only. Not a medical device." },
      frame: { grey: frame.grey, shape: frame.shape },
      labels: measured.measured,
      details: { native: frame.shape, found: measured.found, levels: measured.levels, table: measured.table },
    };
  }
}
