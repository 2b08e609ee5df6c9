// After a time without a touch the screen is cleared; shortly before, it asks.
import { say, whole } from "./texts.js";

const USUAL_S = 180,
  LEAST_S = 30,
  MOST_S = 3600,
  ASKED_S = 20;
const AT_WORK_S = 900; // an exam that waits for the service this long is cleared, too
const wished = Number(new URLSearchParams(location.hash.slice(1)).get("idle"));
const idleSeconds = wished ? Math.min(Math.max(wished, LEAST_S), MOST_S) : USUAL_S;

// `occupied` says whether there is something to clear, `working` whether the program itself is at work.
export function watchIdle({ occupied, working, clear }) {
  const dialog = document.getElementById("leaving");
  const text = document.getElementById("leaving-text");
  let last = performance.now();
  let worked = false;
  const touched = () => (last = performance.now());
  for (const name of ["pointerdown", "keydown", "wheel", "touchmove", "drop"]) {
    window.addEventListener(name, () => dialog.open || touched(), { capture: true, passive: true });
  }
  // Not before the click: the rest of the touch would meet what lies below.
  dialog.addEventListener("click", () => {
    dialog.close();
    touched();
  });
  // By a key or a gesture. The event of closing would come too late: on a busy device seconds after it.
  dialog.addEventListener("cancel", touched);
  setInterval(() => {
    const works = working();
    if (!occupied() || (worked && !works)) {
      touched();
      dialog.close();
    }
    worked = works;
    const allowed = works ? Math.max(idleSeconds, AT_WORK_S) : idleSeconds;
    const left = Math.ceil(allowed - (performance.now() - last) / 1000);
    if (left <= 0) {
      dialog.close();
      clear();
    } else if (left <= ASKED_S && !dialog.open) {
      dialog.showModal();
    }
    if (dialog.open) text.textContent = say("The screen is cleared in {seconds} s.", { seconds: whole(left) });
  }, 250);
}
