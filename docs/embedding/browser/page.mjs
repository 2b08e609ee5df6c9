// The page: a file goes to the worker, an answer comes back. No file name is shown or kept.
const at = (id) => document.getElementById(id);
const worker = new Worker("worker.mjs", { type: "module" });
const STEP = 2, OPACITY = 0.45, COLOURS = [null, [29, 111, 184], [255, 140, 40]]; // clear lens, cataract

function say(text) {
  at("state").textContent = text;
}

// What a reader sees first, and why.
function words({ decision, reasons, borderline, cataract_fraction: fraction, threshold }) {
  if (decision === "ungradable")
    return ["Not graded", `Because: ${reasons.join(", ").replaceAll("-", " ") || "no lens was found"}.`];
  const side = decision === "cataract" ? "at or above" : "below";
  const near = borderline ? " It lies so close to it that the scan should be repeated." : "";
  return [
    decision === "cataract" ? "Cataract" : "Clear",
    `The Cataract Fraction of ${fraction.toFixed(3)} is ${side} the threshold of the model, ${threshold}.${near}`,
  ];
}

function tell(answer, facts) {
  const [decision, meaning] = words(answer);
  at("decision").textContent = decision;
  at("meaning").textContent = meaning;
  const counted = () => [
    ["Cataract Fraction", answer.cataract_fraction.toFixed(5)],
    ["Lens pixels", answer.lens_px],
    ["Cataract pixels", answer.cataract_px],
    ["Pixels of other pieces", answer.dropped_px],
  ];
  const rows = [
    ...(answer.gradable ? counted() : []), // of a scan that is not graded they would be read as a measurement
    ["Model", answer.model],
    ["Threads", facts.threads],
    ["Time", `${Math.round(facts.ms)} ms`],
  ];
  const cells = rows.flatMap(([name, value]) =>
    [["dt", name], ["dd", value]].map(([kind, text]) => {
      const cell = document.createElement(kind);
      cell.textContent = text;
      return cell;
    }),
  );
  at("numbers").replaceChildren(...cells);
  at("key").hidden = !answer.gradable;
  const colours = answer.gradable ? "the clear lens in blue, cataract in orange" : "as it is, because it is not graded";
  at("picture").setAttribute("aria-label", `The scan: ${colours}`);
}

// Every second pixel of the native frame, and over it the labels, which lie on a coarser grid from the window's corner;
// a scan that is not graded is shown without them.
function draw({ grey, shape }, { labels, shape: [mapRows, mapColumns] }, { window: [top, left], gradable }, grid) {
  const [rows, columns] = shape.map((side) => Math.ceil(side / STEP)), canvas = at("picture");
  Object.assign(canvas, { width: columns, height: rows });
  const picture = new ImageData(columns, rows);
  for (let row = 0, place = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const own = grey[row * STEP * shape[1] + column * STEP];
      const down = Math.floor((row * STEP - top) / grid), over = Math.floor((column * STEP - left) / grid);
      const inside = gradable && down >= 0 && over >= 0 && down < mapRows && over < mapColumns;
      const colour = inside ? COLOURS[labels[down * mapColumns + over]] : null;
      for (let channel = 0; channel < 3; channel++)
        picture.data[place++] = colour ? own + OPACITY * (colour[channel] - own) : own;
      picture.data[place++] = 255;
    }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

worker.onerror = () => say("The analysis cannot be started in this browser.");
worker.onmessage = ({ data }) => {
  at("file").disabled = false;
  if (data.state === "ready") say("Ready. The scan must be a grey PNG or PGM as the device wrote it.");
  if (data.state === "failed" && data.fatal) {
    at("file").disabled = true;
    say(`The analysis cannot be started (${data.word}). Load the page again.`);
  } else if (data.state === "failed") {
    say(`This scan was not analysed (${data.word}). Export it again as a grey PNG.`);
  }
  if (data.state === "answered") {
    window.answered = { ...data.found, labels: data.labels }; // for tests, and for whoever looks in the console
    tell(data.found.answer, data.found);
    draw(data.frame, data.labels, data.found.answer, data.found.grid);
    at("answer").hidden = false;
    say("Done.");
    at("decision").focus();
  }
};

at("file").disabled = true;
at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  at("file").value = "";
  if (!file) return;
  at("answer").hidden = true;
  at("file").disabled = true;
  say("The scan is being analysed …");
  worker.postMessage({ file });
});
// ?threads=1; ?pitch=9.6,9.6: um of a pixel, along rows and columns.
const wishes = new URLSearchParams(location.search);
worker.postMessage({ threads: Number(wishes.get("threads")) || 2, pitch: wishes.get("pitch")?.split(",").map(Number) });

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("service_worker.js").then(async () => {
    await navigator.serviceWorker.ready;
    at("offline").textContent = "This page works without a network now.";
  }, () => {
    at("offline").textContent = "This page needs a network: the browser does not keep it.";
  });
}
