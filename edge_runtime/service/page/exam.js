// One exam, from its files to its answer. If the service dies on the way, the exam starts again by itself.
import { content, events, forgetInService, isReady, Lost, newSession, pause, Refused, request } from "./api.js";
import { address } from "./memory.js";
import { eyeInName } from "./names.js";
import { knownEyeWords } from "./texts.js";

const MOST_STARTS = 6; // a scan that ends the service each time must not do so for ever
const POLL_MS = 700;

// Returns words, pictures and report of the exam. `tell` hears {scan, state}, {waiting} and {busy}.
export async function analyse(patient, language, tell) {
  const { signal } = patient.stop;
  for (const scan of patient.scans) scan.refused = "";
  await read(patient.scans);
  for (let start = 1; ; start++) {
    try {
      await newSession(signal);
      forgetInService(patient.exam); // where the service lives, and was only silent
      patient.exam = null;
      await send(patient, tell, signal);
      await finished(patient, tell, signal);
      return await fetchResult(patient, language, signal);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      if (start === MOST_STARTS) throw new Refused(0, { code: "worker-died" });
      await untilReady(tell, signal);
    }
  }
}

// The answer of an exam in another language; analysed again where the service has forgotten it, or has another model.
// `changed` says whether an answer may therefore be another one than that which was shown.
export async function inLanguage(patient, language, tell) {
  const { words, changed } = patient.result;
  try {
    return { ...(await fetchResult(patient, language, patient.stop.signal)), changed };
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    const result = await analyse(patient, language, tell);
    const same = result.words.model_sha256 === words.model_sha256 && result.words.answer === words.answer;
    return { ...result, changed: changed || !same };
  }
}

// Take the files into memory: a stick that is pulled out must not end an exam that has begun.
async function read(scans) {
  for (const [index, scan] of scans.entries()) {
    try {
      scan.content ??= await scan.file.arrayBuffer();
    } catch {
      throw refusedScan(new Refused(0, { code: "unreadable-file" }), index);
    }
  }
}

function refusedScan(error, index) {
  if (error instanceof Refused) error.scan = index + 1;
  return error;
}

async function untilReady(tell, signal) {
  do {
    tell({ waiting: true });
    await pause(POLL_MS, signal);
  } while (!(await isReady(signal)));
  tell({ waiting: false });
}

async function send(patient, tell, signal) {
  const busy = (what) => tell({ busy: what });
  patient.scans.forEach((_, index) => tell({ scan: index + 1, state: "waiting" }));
  const body = JSON.stringify({ eye: patient.eye });
  const created = await request("POST", "/v1/exams", { body, type: "application/json", signal, busy });
  patient.exam = (await content(created, "json", signal)).id;
  const words = await knownEyeWords().catch((error) => Promise.reject(new Lost("texts", { cause: error })));
  for (const [index, scan] of patient.scans.entries()) {
    tell({ scan: index + 1, state: "sending" });
    const eye = eyeInName(scan.file.name, words); // all that is sent of a name
    const path = `/v1/exams/${patient.exam}/scans/${index + 1}${eye ? `?named=${eye}` : ""}`;
    try {
      await request("PUT", path, { body: scan.content, type: "application/octet-stream", signal, busy });
    } catch (error) {
      throw refusedScan(error, index);
    }
    tell({ scan: index + 1, state: "sent" });
  }
  await request("POST", `/v1/exams/${patient.exam}/analysis`, { signal, busy });
  tell({ busy: null });
}

async function finished(patient, tell, signal) {
  for (;;) {
    for await (const { name, data } of events(`/v1/exams/${patient.exam}/events`, signal)) {
      if (name === "progress" && data.scan)
        tell({ scan: data.scan, state: data.state === "waiting" ? "sent" : data.state });
      if (name === "done") return;
      if (name === "failed") throw new Refused(0, data.error);
    }
    // The stream ended before the exam did: ask for the exam itself, which tells whether the service still knows it.
    await request("GET", `/v1/exams/${patient.exam}`, { signal });
    await pause(POLL_MS, signal);
  }
}

async function fetchResult(patient, language, signal) {
  const exam = `/v1/exams/${patient.exam}`;
  const told = async (what, kind) => {
    try {
      return await content(await request("GET", `${exam}/${what}?lang=${language}`, { signal }), kind, signal);
    } catch (error) {
      throw error.code === "no-result" ? new Lost(what) : error; // as after the model was replaced: measure again
    }
  };
  const words = await told("words", "json");
  const report = await told("report", "text");
  const pictures =
    patient.result?.exam === patient.exam ? patient.result.pictures : await fetchPictures(exam, words, signal);
  return { exam: patient.exam, words, report, pictures };
}

async function fetchPictures(exam, words, signal) {
  const picture = async (there, path) => {
    const answer = there && (await request("GET", `${exam}/${path}`, { signal, missing: true }));
    return answer ? address(await content(answer, "blob", signal)) : null;
  };
  const scans = [];
  for (const [index, scan] of words.scans.entries()) {
    const original = await picture(scan.sha256 !== null, `scans/${index + 1}.png`);
    const overlay = await picture(scan.fraction !== null, `overlays/${index + 1}.png`);
    scans.push({ original, overlay });
  }
  return { scans, map: await picture(words.zones.length > 0, "en-face.png") };
}
