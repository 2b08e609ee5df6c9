// What happens to each scan while it is analysed, and what to do where there is no answer.
import { button, el, icon, screen } from "./dom.js";
import { nameOf, tile } from "./scans.js";
import { say, whole } from "./texts.js";

const DONE = new Set(["done", "refused"]);

function stateWords(state) {
  if (state === "waiting") return say("waiting");
  if (state === "sending") return say("sending");
  if (state === "sent") return say("received");
  if (state === "done") return say("done");
  if (state === "refused") return say("not graded");
  return say("analysing");
}

// The screen, and what is to be told of the exam's progress.
export function progressScreen(patient, cancel) {
  const states = patient.scans.map(() => "waiting");
  const bar = el("progress", { max: 2 * states.length, value: 0, "aria-label": say("Analysing") });
  const words = el("p", { class: "count", role: "status" });
  const waiting = el(
    "p",
    { class: "notice", hidden: true, id: "waiting" },
    icon("wait"),
    el(
      "span",
      {},
      say("The service does not answer. Nothing is lost: the page goes on by itself as soon as it is back."),
    ),
  );
  const tiles = el("ol", { class: "tiles" });
  const node = screen(
    "progress",
    nameOf(patient.eye),
    words,
    bar,
    waiting,
    tiles,
    el("div", { class: "actions" }, button(say("Cancel"), { picture: "close", id: "cancel", onclick: cancel })),
  );

  function draw() {
    const done = states.filter((state) => DONE.has(state)).length;
    const sent = states.filter((state) => state !== "waiting" && state !== "sending").length;
    bar.value = done + sent;
    words.textContent = say("Analysed: {count} of {total}", { count: whole(done), total: whole(states.length) });
    states.forEach((state, index) => {
      const shown = tiles.children[index];
      if (shown?.dataset.state === state) return;
      const fresh = tile(patient.scans[index], index, state, stateWords(state));
      fresh.dataset.state = state;
      if (shown) shown.replaceWith(fresh);
      else tiles.append(fresh);
    });
  }

  draw();
  const tell = ({ scan, state, waiting: lost, busy }) => {
    if (scan >= 1 && scan <= states.length) states[scan - 1] = state;
    if (lost !== undefined) waiting.hidden = !lost;
    draw();
    if (busy === "turn") words.textContent = say("Another exam is being analysed; this one waits for its turn.");
    if (busy === "room") words.textContent = say("The service has no room for this exam yet; it waits for others.");
  };
  return { node, tell };
}

// What a person reads where there is no answer; the words of `edge_runtime.codes` that a person can do something about.
function faultWords(code) {
  if (code === "worker-died")
    return say("The service stopped while it measured these scans. One of the files may be damaged.");
  if (code === "contradicting-eye") return say("A file says that it shows the other eye. Check which eye it is.");
  if (code === "duplicate-scan") return say("The same scan was chosen twice. Remove one of the two.");
  if (code === "exam-too-large") return say("The files of this exam are too large together.");
  if (code === "no-room") return say("The service has no room for this exam now. Try again later.");
  return say("There is no answer for this eye.");
}

export function failedScreen(error, { back, leave }) {
  const code = error.code ?? "internal";
  const words = faultWords(code);
  return screen(
    "failed",
    say("No answer"),
    el("p", { class: "notice" }, icon("warning"), el("span", {}, words, " ", el("code", { dir: "ltr" }, code))),
    error.code && error.message && el("p", { class: "note", lang: "en", dir: "ltr" }, error.message),
    el(
      "div",
      { class: "actions" },
      button(say("Back"), { picture: "back", onclick: back }),
      button(say("Next patient"), { kind: "primary", picture: "person", id: "next", onclick: leave }),
    ),
  );
}

// What a person reads where a scan is not taken.
export function refusalWords(error) {
  if (error.code === "exam-too-large") return say("The files of this exam are too large together.");
  if (error.status === 413) return say("The file is too large.");
  return say("The file could not be read or labelled.");
}
