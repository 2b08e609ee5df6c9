// `node node_measurement.cjs QUESTION.json ...`: for each question, a decoded grey scan and where its files are, the
// counts of its lens, its window and its table, as the Python runtime finds them. docs/embedding/README.md explains it.
const fs = require("node:fs");
const ort = require("onnxruntime-node");

async function main(questions) {
  const { Measurement } = await import("../../docs/embedding/javascript/measurement.mjs");
  const { native } = await import("../../docs/embedding/javascript/native_frame.mjs");
  const answers = [];
  let sessions, models;
  for (const path of questions) {
    const question = JSON.parse(fs.readFileSync(path, "utf8"));
    if (JSON.stringify(question.models) !== models) {
      sessions = {};
      for (const [name, file] of Object.entries(question.models))
        sessions[name] = await ort.InferenceSession.create(file, { interOpNumThreads: 1 });
    }
    models = JSON.stringify(question.models);
    const grey = native(new Uint8Array(fs.readFileSync(question.scan)), question.shape, question.native);
    const measurement = new Measurement(ort, sessions, question.grid, question.step);
    const { measured, pictures, holds, ...answer } = await measurement.measure(grey, question.native, question);
    answers.push({ ...answer, reasons: holds });
  }
  console.log(JSON.stringify(answers));
}

main(process.argv.slice(2));
