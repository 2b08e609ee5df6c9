// Choosing the eye, and the files of its scans.
import { button, drawn, el, icon, screen } from "./dom.js";
import { address, release } from "./memory.js";
import { eyeInName } from "./names.js";
import { eyeWords, say, whole } from "./texts.js";

const EXPECTED = 6; // radial scans of an eye
const MOST = 12; // that the service takes
const SHOWN_BY_BROWSERS = /^image\/(png|jpeg|bmp)$/;
const byName = new Intl.Collator("en", { numeric: true });

export function nameOf(eye) {
  return eye === "OD" ? say("Right eye") : say("Left eye");
}

// The eyes stand as they do in the face of a patient who is looked at, in every language.
export function eyeScreen(choose) {
  const choice = (eye) =>
    el(
      "button",
      { type: "button", class: "eye", onclick: () => choose(eye), "data-eye": eye },
      face(eye),
      el("strong", {}, nameOf(eye)),
      el("span", { class: "code" }, eye),
    );
  return screen(
    "eyes",
    say("Which eye?"),
    el("div", { class: "pair-of-eyes", dir: "ltr" }, choice("OD"), choice("OS")),
  );
}

function face(eye) {
  const side = (code, x) => [
    drawn("path", { class: code === eye ? "lid chosen" : "lid", d: `M${x - 13} 46q13-13 26 0q-13 13-26 0z` }),
    drawn("circle", { class: code === eye ? "iris chosen" : "iris", cx: x, cy: 46, r: 5 }),
  ];
  const head = drawn("path", {
    class: "head",
    d: "M20 40c0-46 80-46 80 0c0 26-10 54-40 54s-40-28-40-54zM60 50l-4 16h8",
  });
  return drawn(
    "svg",
    { class: "face", viewBox: "0 0 120 100", "aria-hidden": "true" },
    head,
    ...side("OD", 41),
    ...side("OS", 79),
  );
}

export function scansScreen(patient, { redraw, analyse, leave }) {
  const { scans } = patient;
  const notices = scans.flatMap(({ refused }, index) =>
    refused ? [`${say("Scan {number}", { number: whole(index + 1) })}: ${refused}`] : [],
  );
  if (patient.notice) notices.push(patient.notice);
  const others = ofTheOtherEye(patient);
  if (others) notices.push(others);
  const input = el("input", { type: "file", multiple: true, hidden: true, id: "files", tabindex: "-1" });
  input.addEventListener("change", () => {
    add(patient, input.files);
    input.value = ""; // or a browser would bring the files back when it restores the page
    redraw();
  });
  const drop = el(
    "div",
    { class: "drop" },
    button(scans.length ? say("Choose more scans") : say("Choose scans"), {
      kind: scans.length < EXPECTED ? "primary" : "secondary",
      picture: "add",
      id: "choose",
      onclick: () => input.click(),
    }),
    el("p", {}, say("or drop the files here")),
    input,
  );
  const counts = { count: whole(scans.length), expected: whole(EXPECTED) };
  const count =
    scans.length > EXPECTED
      ? say("Scans: {count}, more than {expected}", counts)
      : say("Scans: {count} of {expected}", counts);
  return screen(
    "scans",
    nameOf(patient.eye),
    el("p", { class: "count", role: "status" }, count),
    notices.map((notice) => el("p", { class: "notice" }, icon("warning"), el("span", {}, notice))),
    drop,
    slots(patient, redraw),
    el(
      "div",
      { class: "actions" },
      button(say("Back"), { picture: "back", onclick: leave }),
      button(say("Analyse"), {
        kind: scans.length >= EXPECTED ? "primary" : "secondary",
        id: "analyse",
        disabled: scans.length === 0,
        onclick: analyse,
      }),
    ),
  );
}

// What a person reads where names of files say the other eye; the service, which sees no names, warns of it, too.
export function ofTheOtherEye({ scans, eye }) {
  const said = scans.map(({ file }) => eyeInName(file.name, eyeWords()));
  const numbers = said.flatMap((other, index) => (other !== null && other !== eye ? [whole(index + 1)] : []));
  if (numbers.length === 0) return "";
  const which =
    numbers.length > 1
      ? say("Scans {numbers}", { numbers: numbers.join(", ") })
      : say("Scan {number}", { number: numbers[0] });
  return `${which}: ${say("The name of the file says the other eye. Check which eye it is.")}`;
}

function slots(patient, redraw) {
  const { scans } = patient;
  const number = Math.max(EXPECTED, scans.length);
  return el(
    "ol",
    { class: "tiles" },
    Array.from({ length: number }, (_, index) => {
      const scan = scans[index];
      if (!scan) return el("li", { class: "tile empty" }, el("b", { class: "number" }, whole(index + 1)));
      const name = say("Scan {number}", { number: whole(index + 1) });
      const remove = () => {
        if (scan.url) release(scan.url);
        scans.splice(index, 1);
        patient.notice = "";
        redraw();
      };
      return tile(
        scan,
        index,
        scan.refused ? "refused" : "",
        scan.refused && icon("warning"),
        button("", { kind: "remove", picture: "close", "aria-label": `${name}: ${say("Remove")}`, onclick: remove }),
      );
    }),
  );
}

// One scan by its number and its picture. Its file's name, which may be a person's, is not shown.
export function tile(scan, index, state, words, ...rest) {
  const name = say("Scan {number}", { number: whole(index + 1) });
  const picture = scan.url
    ? el("img", {
        src: scan.url,
        alt: name,
        draggable: "false",
        onerror: (event) => event.target.replaceWith(noPicture()),
      })
    : noPicture();
  const foot = el(
    "span",
    { class: "foot" },
    el("b", { class: "number" }, whole(index + 1)),
    el("span", { class: "state" }, words),
    rest,
  );
  return el("li", { class: `tile ${state}`, "data-scan": index + 1 }, picture, foot);
}

function noPicture() {
  return el("span", { class: "no-picture" }, icon("file"));
}

// Take files in the order of their names, each once.
export function add(patient, files) {
  const known = new Set(patient.scans.map(({ file }) => same(file)));
  const fresh = [...files].filter((file) => !known.has(same(file)));
  fresh.sort((one, other) => byName.compare(one.name, other.name));
  const room = MOST - patient.scans.length;
  patient.notice = "";
  if (fresh.length < files.length) patient.notice = say("A file that was chosen already was left out.");
  if (fresh.length > room) patient.notice = say("An eye has twelve scans at most: the rest was left out.");
  for (const file of fresh.slice(0, room)) {
    patient.scans.push({ file, url: SHOWN_BY_BROWSERS.test(file.type) ? address(file) : null });
  }
}

function same(file) {
  return `${file.name}\n${file.size}\n${file.lastModified}`;
}
