// The answer for an eye: what to do, why, how much, where.
import { button, drawn, el, icon, screen } from "./dom.js";
import { say, whole } from "./texts.js";
import { key, viewer } from "./viewer.js";

export function answerScreen({ words, pictures, changed }, { print, leave }) {
  const again = say(
    "These scans were measured again, by another model or program. The answer may differ from the first.",
  );
  return screen(
    "answer",
    words.title,
    changed && el("p", { class: "notice", id: "again", role: "status" }, icon("warning"), el("span", {}, again)),
    el(
      "div",
      { class: "columns" },
      el("div", { class: "column" }, verdict(words), why(words), front(words, pictures)),
      el("div", { class: "column" }, numbers(words), quality(words)),
      viewer(words, pictures),
    ),
    el(
      "div",
      { class: "actions" },
      button(say("Print"), { kind: "secondary", picture: "print", id: "print", onclick: print }),
      button(say("Next patient"), { kind: "primary", picture: "person", id: "next", onclick: leave }),
    ),
  );
}

// "No sign" looks like an answer only where every scan of a whole exam stands behind it.
function verdict(words) {
  const wanted = Math.max(words.scans_given, words.scans_expected);
  const complete = words.scans_used === wanted;
  const tone = words.answer === "no-sign" && !complete ? "incomplete" : words.answer;
  const sign = tone === "incomplete" ? "warning" : words.answer;
  const rests = say("Graded: {used} of {wanted} scans. The answer rests on these alone.", {
    used: whole(words.scans_used),
    wanted: whole(wanted),
  });
  return el(
    "section",
    { class: `verdict ${tone}`, id: "verdict", "data-tone": tone },
    el("p", { class: "word" }, icon(sign), el("strong", {}, words.verdict)),
    el("p", { class: "meaning" }, words.meaning),
    words.scans_used > 0 && !complete && el("p", { class: "rests" }, icon("warning"), el("span", {}, rests)),
    el(
      "p",
      { class: "note" },
      el("strong", {}, say("Research use only. Not a medical device.")),
      " ",
      say("Only cataract was looked for. A doctor decides."),
      " ",
      words.origin,
    ),
  );
}

function list(title, entries, name = "") {
  return entries.length > 0 && el("div", { class: `card ${name}` }, el("h2", {}, title), el("ul", {}, entries));
}

function line({ word, meaning, scans }) {
  return el("li", {}, scans && `${scans}: `, meaning, " ", el("code", { dir: "ltr" }, word));
}

function why(words) {
  const advice = words.advice.map((one) => el("li", {}, one));
  return [list(say("What to do"), advice), list(say("Why"), words.reasons.map(line))];
}

function quality(words) {
  return list(say("Quality"), [el("li", {}, `${words.quality.join("; ")}.`), ...words.warnings.map(line)], "quality");
}

function numbers(words) {
  const { fraction, grade } = words;
  const figure = (title, estimate, steps) =>
    el(
      "div",
      { class: "figure" },
      el("h2", {}, title),
      el("p", { class: estimate ? "value" : "value none" }, estimate ? estimate.text : say("not graded")),
      estimate && scale(estimate, steps),
      estimate &&
        el(
          "ul",
          { class: "notes" },
          estimate.notes.map((note) => el("li", {}, note)),
        ),
    );
  return el(
    "div",
    { class: "card numbers" },
    figure(say("Nuclear grade"), grade, words.steps),
    figure(say("Cataract Fraction"), fraction, []),
  );
}

// The same bar as in print: the place of the number, and the interval around it.
function scale({ place, low, high }, steps) {
  const box = (name, x, y, width, height) => drawn("rect", { class: name, x, y, width, height });
  const parts = [
    box("track", 0, 1.5, 100, 3),
    ...steps.map((step) => box("step", step, 1.5, 0.5, 3)),
    box("interval", low, 2, Math.max(high - low, 0.4), 2),
    box("point", Math.min(Math.max(place - 0.6, 0), 98.8), 0, 1.2, 6),
  ];
  return drawn(
    "svg",
    { class: "scale", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    ...parts,
  );
}

function front(words, { map }) {
  if (!map) return null;
  const title = say("Lens from the front, rings at 3 and 6 mm");
  return el(
    "figure",
    { class: "card front" },
    el("img", { src: map, alt: title, draggable: "false" }),
    el(
      "figcaption",
      {},
      `${title}. ${words.angles} ${say("Colours of the lens from the front, share of cataract in depth:")} `,
      key(words),
    ),
  );
}
