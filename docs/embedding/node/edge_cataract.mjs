// `node edge_cataract.mjs FILES.json SCAN ...`: a line of JSON for every scan (PNG or PGM), in their order.
// FILES.json names the files of a release: prepare, look, crop, network, count; and, if it must be, `pitch` (um),
// `threads`, `labels`: a folder for label maps, and `details`: true adds levels and table. onnxruntime-node is found as
// packages are, by NODE_PATH, too.
import fs from "node:fs";
import { createRequire } from "node:module";
import { Analyzer } from "../javascript/analysis.mjs";

const ort = createRequire(import.meta.url)("onnxruntime-node");
const NAMES = ["prepare", "look", "crop", "network", "count"];

// On x86 without VNNI products of int8 are summed in pairs that saturate, unless they are asked for exactly.
function options() {
  const said = fs.existsSync("/proc/cpuinfo") ? fs.readFileSync("/proc/cpuinfo", "utf8") : "";
  const exact = process.arch !== "x64" || said.includes("vnni");
  return { session: { intra_op: { allow_spinning: "0" }, ...(exact ? {} : { x64quantprecision: "1" }) } };
}

const [settings, ...scans] = process.argv.slice(2);
const { pitch, labels: folder, threads, details: detailed, ...paths } = JSON.parse(fs.readFileSync(settings, "utf8"));
const files = Object.fromEntries(NAMES.map((name) => [name, fs.readFileSync(paths[name])]));
const analyzer = await Analyzer.open(ort, files, threads, options());
for (const [place, path] of scans.entries()) {
  const scan = place + 1; // a name may be that of a patient
  try {
    const { answer, details, labels } = await analyzer.analyze(new Uint8Array(fs.readFileSync(path)), pitch);
    const [rows, columns] = labels.shape;
    const map = Buffer.concat([Buffer.from(`P5\n${columns} ${rows}\n255\n`), labels.labels]);
    if (folder) fs.writeFileSync(`${folder}/${scan}.pgm`, map);
    console.log(JSON.stringify({ scan, ...answer, ...(detailed ? details : {}) }));
  } catch (error) {
    if (!error.word) throw error;
    console.log(JSON.stringify({ scan, error: error.word }));
    process.exitCode = 65;
  }
}
