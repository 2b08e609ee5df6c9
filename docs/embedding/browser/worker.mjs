// Beside the page, so that it stays alive: loads and checks the files once, then analyses one scan after the other.
import * as ort from "./onnxruntime/ort.wasm.min.mjs";
import { Analyzer } from "./javascript/analysis.mjs";
import { checkDigest, ModelError } from "./javascript/model_file.mjs";

let analyzer, threads, pitch;

async function fetched(name, { file, sha256 }) {
  const response = await fetch(new URL(`models/${file}`, import.meta.url));
  if (!response.ok) throw new ModelError("missing-model", name);
  const bytes = new Uint8Array(await response.arrayBuffer());
  await checkDigest(bytes, sha256);
  return bytes;
}

async function load(wanted) {
  threads = self.crossOriginIsolated ? Math.min(wanted, navigator.hardwareConcurrency) : 1; // threads share memory
  Object.assign(ort.env.wasm, { numThreads: threads, wasmPaths: new URL("onnxruntime/", import.meta.url).href });
  const release = await (await fetch(new URL("release.json", import.meta.url))).json();
  const files = {};
  for (const [name, entry] of Object.entries(release)) files[name] = await fetched(name, entry);
  analyzer = await Analyzer.open(ort, files, threads);
}

async function analyze(file) {
  const start = performance.now();
  const { answer, frame, labels, details } = await analyzer.analyze(new Uint8Array(await file.arrayBuffer()), pitch);
  const map = { labels: labels.labels.slice(), shape: labels.shape };
  const found = { answer, details, threads, grid: analyzer.facts.grid, ms: performance.now() - start };
  self.postMessage({ state: "answered", found, frame, labels: map }, [frame.grey.buffer, map.labels.buffer]);
}

async function told(work, fatal) {
  try {
    await work();
  } catch (error) {
    self.postMessage({ state: "failed", word: error.word ?? "analysis-failed", fatal });
  }
}

self.onmessage = ({ data }) => {
  pitch = data.pitch ?? pitch;
  if (data.file) told(() => analyze(data.file), false);
  else told(() => load(data.threads).then(() => self.postMessage({ state: "ready" })), true);
};
