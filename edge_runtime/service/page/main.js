// The way of a patient over the screens: eye, scans, analysis, answer, and nothing left of it.
import { answerScreen } from "./answer.js";
import { forgetInService, isReady, TokenNeeded, useToken } from "./api.js";
import { button, el, icon, screen } from "./dom.js";
import { analyse, inLanguage } from "./exam.js";
import { watchIdle } from "./idle.js";
import { forget, newPatient, patient } from "./memory.js";
import { forgetPrinted, print } from "./printing.js";
import { failedScreen, progressScreen, refusalWords } from "./progress.js";
import { add, eyeScreen, nameOf, ofTheOtherEye, scansScreen } from "./scans.js";
import { languageCode, languages, say, speak, whole } from "./texts.js";

const READY_MS = 4000;
const place = document.getElementById("screen");
let shown = () => showEyes();
let working = false;

function show(step, node) {
  place.replaceChildren(node);
  const names = [say("Eye"), say("Scans"), say("Answer")];
  document
    .getElementById("steps")
    .replaceChildren(
      ...names.map((name, index) =>
        el(
          "li",
          index === step ? { "aria-current": "step" } : {},
          el("b", {}, whole(index + 1)),
          " ",
          el("span", {}, name),
        ),
      ),
    );
  window.scrollTo(0, 0);
  node.querySelector("h1").focus({ preventScroll: true });
}

function showEyes() {
  shown = showEyes;
  show(
    0,
    eyeScreen((eye) => {
      newPatient(eye);
      showScans();
    }),
  );
}

function showScans() {
  shown = showScans;
  show(1, scansScreen(patient(), { redraw: showScans, analyse: startOrAsk, leave: nextPatient }));
}

// Where names say the other eye, a person is asked first.
function startOrAsk() {
  const doubt = ofTheOtherEye(patient());
  if (!doubt) {
    start(analyse);
    return;
  }
  document.getElementById("other-eye-title").textContent = nameOf(patient().eye);
  document.getElementById("other-eye-text").textContent = doubt;
  document.getElementById("other-eye").showModal();
}

function answerDoubt(goesOn) {
  document.getElementById("other-eye").close();
  if (goesOn && patient()) start(analyse);
}

async function start(work) {
  const current = patient();
  const { node, tell } = progressScreen(current, nextPatient);
  shown = () => {}; // its few words change with the next screen
  setWorking(true);
  show(1, node);
  try {
    current.result = await work(current, languageCode(), tell);
    if (patient() === current) showAnswer();
  } catch (error) {
    if (patient() === current) stopped(current, error, work);
  } finally {
    if (patient() === current) setWorking(false);
  }
}

function stopped(current, error, work) {
  if (error instanceof TokenNeeded) {
    showToken(() => start(work));
  } else if (error.scan) {
    current.scans[error.scan - 1].refused = refusalWords(error);
    showScans();
  } else {
    const redraw = () => show(1, failedScreen(error, { back: showScans, leave: nextPatient }));
    shown = redraw;
    redraw();
  }
}

function showAnswer() {
  const { result } = patient();
  shown = () => (result.words.language === languageCode() ? showAnswer() : start(inLanguage));
  show(2, answerScreen(result, { print: () => print(result.report), leave: nextPatient }));
}

function showToken(go) {
  const title = say("Access code of the service");
  const input = el("input", {
    id: "token",
    type: "password",
    autocomplete: "off",
    required: true,
    "aria-label": title,
  });
  const form = el("form", {}, input, el("button", { class: "primary" }, say("Continue")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useToken(input.value.trim());
    go();
  });
  show(1, screen("token", title, form));
}

function nextPatient() {
  forgetInService(forget());
  forgetPrinted();
  document.getElementById("languages").close();
  document.getElementById("other-eye").close();
  setWorking(false);
  showEyes();
}

function setWorking(works) {
  working = works;
  document.getElementById("language").disabled = works;
}

function showLanguages() {
  const dialog = document.getElementById("languages");
  const choose = async (code) => {
    dialog.close();
    await speak(code).catch(() => {});
    label();
    shown();
  };
  document.getElementById("language-choices").replaceChildren(
    ...languages().map(([code, name]) =>
      el(
        "button",
        {
          type: "button",
          class: code === languageCode() ? "chosen" : "plain",
          lang: code,
          onclick: () => choose(code),
          "data-language": code,
        },
        name,
      ),
    ),
  );
  dialog.showModal();
}

function label() {
  const name = new Map(languages()).get(languageCode());
  const open = document.getElementById("language");
  open.replaceChildren(icon("language"), el("span", {}, name));
  open.setAttribute("aria-label", `${say("Language")}: ${name}`);
}

async function speakFirst() {
  const asked = new URLSearchParams(location.search).get("lang") ?? "en";
  const wished = asked.trim().toLowerCase().split(/[-_]/)[0]; // de-CH is German, too
  await speak(wished)
    .catch(() => speak("en"))
    .catch(() => {});
  label();
}

async function watchService() {
  const line = document.getElementById("service");
  const ready = await isReady();
  if (ready && languages().length === 1) await speakFirst(); // the service was not there when the page came
  line.className = ready ? "service ready" : "service";
  const words = ready ? say("Ready") : say("Waiting for the service");
  if (line.textContent !== words) line.textContent = words;
  setTimeout(watchService, READY_MS);
}

function takeDrops() {
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault(); // or the browser would open the file in place of the page
    if (shown !== showScans) return;
    add(patient(), event.dataTransfer.files);
    showScans();
  });
}

window.addEventListener("pagehide", nextPatient); // a page that a browser keeps for "back" keeps nothing of a patient
window.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch would offer to save a picture
document.getElementById("language").addEventListener("click", showLanguages);
document.getElementById("check-eye").addEventListener("click", () => answerDoubt(false));
document.getElementById("analyse-anyway").addEventListener("click", () => answerDoubt(true));
document
  .getElementById("languages")
  .addEventListener("click", (event) => event.target === event.currentTarget && event.target.close());
takeDrops();
watchIdle({ occupied: () => patient() !== null, working: () => working, clear: nextPatient });
await speakFirst();
showEyes();
watchService();
