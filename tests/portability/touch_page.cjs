// Touch the page of the service in Chromium as people do, and print what is found as JSON, a line each.
// Usage: node touch_page.cjs CHROMIUM PLAN   with playwright-core and axe-core in NODE_PATH.
// A line {"please": "kill"} or {"please": "restart"} asks the caller to do so; it answers with a line of any text.
const fs = require("fs");
const path = require("path");
const readline = require("readline");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const plan = JSON.parse(process.argv[3]);
const SIZES = [
  [390, 844],
  [820, 1180],
  [1024, 768],
  [1920, 1080],
];
const SECRET = "MUSTERMANN"; // stands in the name of every file
const TIMEOUT = 60_000;
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const found = { violations: [], console: [], sideways: [], small: [], cut: [], leaks: [], stored: [], foreign: [] };

async function please(what) {
  process.stdout.write(`${JSON.stringify({ please: what })}\n`);
  await answers.next();
}

function sideways() {
  return document.documentElement.scrollWidth > window.innerWidth;
}

function smallTargets() {
  const buttons = [...document.querySelectorAll("button")].filter((one) =>
    one.checkVisibility({ visibilityProperty: true }),
  );
  return buttons
    .filter((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height) < 48)
    .map((one) => one.outerHTML.slice(0, 80));
}

function cutTexts() {
  const texts = [...document.querySelectorAll("button, h1, h2, .state, .value, .word strong, .steps li")];
  return texts
    .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.outerHTML.slice(0, 80));
}

async function look(page, step) {
  if ((await page.content()).includes(SECRET)) found.leaks.push(`${step}: the page`);
  const add = (list, entries) => list.push(...entries.map((entry) => `${step}: ${entry}`));
  for (const [width, height] of [...SIZES, plan.size]) {
    await page.setViewportSize({ width, height });
    if (await page.evaluate(sideways)) found.sideways.push(`${step} ${width}`);
    add(found.small, await page.evaluate(smallTargets));
    add(
      found.cut,
      (await page.evaluate(cutTexts)).map((text) => `${width} ${text}`),
    );
    if (plan.shots) {
      await page.waitForTimeout(150);
      await page.screenshot({ path: path.join(plan.shots, `${plan.language}-${width}-${step}.png`) });
    }
  }
  if (plan.brief && !step.includes("answer")) return;
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  add(
    found.violations,
    violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}`)),
  );
}

async function open(browser, address, options = {}) {
  const [width, height] = plan.size;
  const context = await browser.newContext({
    viewport: { width, height },
    hasTouch: true,
    colorScheme: plan.scheme,
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  page.on("console", (message) => found.console.push(message.text()));
  page.on("pageerror", (error) => found.console.push(String(error)));
  page.on("request", (request) => {
    const said = `${request.url()} ${JSON.stringify(request.headers())}`;
    if (said.includes(SECRET)) found.leaks.push(request.url());
    if (!request.url().startsWith(plan.url) && !request.url().startsWith("blob:") && !request.url().startsWith("data:"))
      found.foreign.push(request.url());
  });
  page.on("response", (response) => {
    const kept = response.headers()["cache-control"] !== "no-store";
    if (response.url().startsWith("http") && kept) found.stored.push(response.url());
  });
  await page.addInitScript(() => {
    window.print = () => {
      const pictures = [...document.images];
      top.printed = {
        title: document.title,
        language: document.documentElement.lang,
        pictures: pictures.length,
        shown: pictures.filter((one) => one.complete && one.naturalWidth > 0).length,
        styled: getComputedStyle(document.querySelector(".verdict")).display === "flex",
      };
    };
    const make = URL.createObjectURL;
    window.made = [];
    URL.createObjectURL = (blob) => window.made[window.made.push(make.call(URL, blob)) - 1];
  });
  await page.goto(address ?? plan.url);
  await page.locator("[data-eye=OD]").waitFor();
  return page;
}

async function choose(page, files) {
  const chooser = page.waitForEvent("filechooser");
  await page.tap("#choose");
  await (await chooser).setFiles(files);
}

async function drop(page, files) {
  const contents = files.map((file) => [
    path.basename(file),
    fs.readFileSync(file).toString("base64"),
    Math.floor(fs.statSync(file).mtimeMs),
  ]);
  await page.evaluate((given) => {
    const dataTransfer = new DataTransfer();
    for (const [name, base64, lastModified] of given) {
      const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
      dataTransfer.items.add(new File([bytes], name, { type: "image/png", lastModified }));
    }
    document
      .querySelector(".drop")
      .dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
  }, contents);
}

async function answered(page) {
  await page.locator("#verdict").waitFor();
  return page.locator("#verdict").evaluate((one) => ({ tone: one.dataset.tone, text: one.innerText }));
}

// A finger goes sideways over most of an element: -1 to the left, 1 to the right.
async function swipe(page, place, way) {
  const box = await place.boundingBox();
  const session = await page.context().newCDPSession(page);
  const at = (share) => [{ x: box.x + box.width * (0.5 - way * (0.3 - share)), y: box.y + box.height / 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0) });
  for (let step = 1; step <= 20; step++) {
    await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(0.03 * step) });
    await page.waitForTimeout(16);
  }
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

// The pictures in memory whose addresses still work.
async function alive(page) {
  return page.evaluate(async () => {
    const loads = (url) =>
      new Promise((resolve) => {
        const picture = new Image();
        picture.onload = () => resolve(true);
        picture.onerror = () => resolve(false);
        picture.src = url;
      });
    return (await Promise.all(window.made.map(loads))).filter(Boolean).length;
  });
}

// What a browser still holds of the patient.
async function remains(page) {
  const pictures = await alive(page);
  return page.evaluate(async (kept) => {
    return {
      alive: kept,
      pictures: document.images.length,
      frames: document.querySelectorAll("iframe").length,
      files: document.querySelectorAll("input[type=file]").length,
      stores:
        localStorage.length +
        sessionStorage.length +
        (await indexedDB.databases()).length +
        (await caches.keys()).length,
      cookies: document.cookie,
      state: history.state,
      text: document.body.innerText,
    };
  }, pictures);
}

// From six scans to print, with the service killed twice: in the analysis, and before the language is changed.
async function wholePath(browser) {
  const page = await open(browser);
  const pages = await page.evaluate(() => history.length);
  await look(page, "1-eye");
  await page.tap("#language");
  await look(page, "2-language");
  await page.tap(`[data-language=${plan.language}]`);
  found.language = await page.evaluate(() => document.documentElement.lang);
  found.direction = await page.evaluate(() => getComputedStyle(document.body).direction);
  found.question = await page.locator("h1").innerText();
  await page.tap("[data-eye=OD]");
  await look(page, "3-no-scans");
  await choose(page, plan.files.slice(0, 4));
  await drop(page, plan.files.slice(3));
  await page.locator(".tile img").nth(5).waitFor();
  found.tiles = await page.locator(".tile img").count();
  await look(page, "4-scans");
  const begun = page.waitForRequest((request) => request.url().endsWith("/events"));
  await page.tap("#analyse");
  await begun;
  await please("kill");
  await page.locator("#waiting:visible").waitFor();
  await look(page, "5-waiting");
  await please("restart");
  found.verdict = await answered(page);
  await page.locator("#service.ready").waitFor();
  await look(page, "6-answer");
  if (plan.shots)
    await page.screenshot({
      path: path.join(plan.shots, `${plan.language}-${plan.size[0]}-7-full.png`),
      fullPage: true,
    });
  await page.locator(".slides").evaluate((one) => one.scrollIntoView({ block: "center" }));
  await swipe(page, page.locator(".slides"), found.direction === "rtl" ? 1 : -1);
  await page.locator(".dot[aria-current]", { hasText: /^[2٢]$/ }).waitFor();
  await page.tap("#following");
  await page.locator(".dot[aria-current]", { hasText: /^[3٣]$/ }).waitFor();
  await page.tap("#print");
  await page.waitForFunction(() => window.printed);
  found.printed = await page.evaluate(() => window.printed);
  found.alive = await alive(page);
  await page.tap("#next");
  await page.locator("[data-eye=OS]").waitFor();
  found.remains = await remains(page);
  found.grown = (await page.evaluate(() => history.length)) - pages;
  await look(page, "8-next");
}

// The exam is gone with the service when the language is changed: it is measured again by itself.
async function otherLanguage(browser) {
  const page = await open(browser);
  await page.tap("[data-eye=OS]");
  await choose(page, plan.files);
  await page.tap("#analyse");
  found.before = await answered(page);
  await please("kill");
  await please("restart");
  await page.tap("#language");
  await page.tap("[data-language=fr]");
  await page.locator("#verdict", { hasText: "Seule la cataracte" }).waitFor();
  found.after = await answered(page);
  found.again = await page.locator("#again").allInnerTexts();
  await look(page, "measured-again-answer");
  await page.tap("#language");
  await page.tap("[data-language=en]");
  await page.locator("#verdict", { hasText: "Only cataract" }).waitFor();
  found.still = await page.locator("#again").allInnerTexts();
  await page.goto("about:blank");
  await page.goBack();
  await page.locator("[data-eye=OD]").waitFor();
  found.remains = await remains(page);
}

async function refusedScans(browser) {
  const page = await open(browser);
  await page.tap("[data-eye=OS]");
  await choose(page, plan.files);
  found.notices = await page.locator(".notice").allInnerTexts();
  await page.tap("#analyse");
  await page.tap("#analyse-anyway");
  found.verdict = await answered(page);
  found.tone = await page.locator("#verdict").evaluate((one) => getComputedStyle(one).getPropertyValue("--tone"));
  found.refused = await page.locator(".dot.refused").count();
  found.reasons = await page.locator(".slide li").allInnerTexts();
  await look(page, "refused-scans");
}

// Files of the other eye, in a language that nobody speaks: asked first, warned of in the answer and in print.
async function otherEye(browser) {
  const page = await open(browser, `${plan.url}?lang=xx`);
  found.language = await page.evaluate(() => document.documentElement.lang);
  found.named = [];
  page.on("request", (request) => {
    if (request.method() === "PUT") found.named.push(new URL(request.url()).search);
  });
  await page.tap("[data-eye=OD]");
  await choose(page, plan.files);
  await page.tap("#analyse");
  await page.locator("#other-eye[open]").waitFor();
  found.asked = await page.locator("#other-eye").innerText();
  await look(page, "other-eye");
  await page.tap("#check-eye");
  await page.locator("#other-eye[open]").waitFor({ state: "detached" });
  found.begun = found.named.length;
  found.sent = found.named;
  await page.tap("#analyse");
  await page.tap("#analyse-anyway");
  found.verdict = await answered(page);
  found.codes = await page.locator(".card code").allInnerTexts();
  await look(page, "other-eye-answer");
  await page.tap("#print");
  await page.waitForFunction(() => window.printed);
  found.report = await page.locator("iframe").contentFrame().locator("body").innerText();
  await page.tap("#next");
  await page.locator("[data-eye=OD]").waitFor();
  found.remains = await remains(page);
  let away = true; // the words for an eye, until the exam is sent
  await page.route("**/page/texts/**", (route) => (away ? route.abort() : route.continue()));
  await page.reload();
  await page.tap("[data-eye=OD]");
  await choose(page, plan.files);
  found.named = [];
  page.on("request", (request) => (away &&= request.method() !== "POST"));
  await page.tap("#analyse");
  found.late = { ...(await answered(page)), named: found.named };
}

// A full service, files that are too large, a service that dies at each try, and one that cannot record its answers.
async function faults(browser) {
  const page = await open(browser);
  let full = 1;
  await page.route("**/scans/2", (route) =>
    full-- > 0
      ? route.fulfill({ status: 429, headers: { "Retry-After": "1", "Cache-Control": "no-store" } })
      : route.continue(),
  );
  const refuse = (path, status, code, times) =>
    page.route(
      path,
      (route) =>
        route.fulfill({
          status,
          headers: { "Retry-After": "1", "Cache-Control": "no-store" },
          json: { error: { code, message: "" } },
        }),
      { times },
    );
  await refuse("**/scans/3", 429, "no-room", 1);
  await page.tap("[data-eye=OD]");
  await choose(page, plan.files.slice(0, 6));
  await page.tap("#analyse");
  await page.locator(".count", { hasText: "waits for its turn" }).waitFor();
  await page.locator(".count", { hasText: "has no room for this exam yet" }).waitFor();
  await refuse("**/scans/3", 413, "file-too-large", 1);
  await page.locator(".tile.refused").waitFor();
  found.refused = await page.locator(".notice").innerText();
  await look(page, "too-large");
  await refuse("**/scans/3", 413, "exam-too-large", 1);
  await page.tap("#analyse");
  await page.locator(".notice", { hasText: "together" }).waitFor();
  found.together = await page.locator(".notice").innerText();
  let tries = 0;
  await page.route("**/analysis", (route) => (tries++, route.abort()));
  await page.tap("#analyse");
  await page.locator(".failed").waitFor();
  found.tries = tries;
  found.failed = await page.locator(".failed .notice").innerText();
  await look(page, "failed");
  await page.unroute("**/analysis");
  await page.locator(".failed .actions button").first().tap();
  await choose(page, plan.files.slice(6));
  found.many = await page.locator(".count").innerText();
  await page.tap("#analyse");
  await page.locator(".failed").waitFor();
  found.twice = await page.locator(".failed .notice").innerText();
  await page.locator(".failed .actions button").first().tap();
  await refuse("**/words?*", 503, "write-failed");
  await page.locator(".tile button").last().tap();
  await page.tap("#analyse");
  await page.locator(".failed").waitFor();
  found.unavailable = await page.locator(".failed .notice").innerText();
  await page.tap("#next");
}

async function idle(browser) {
  const page = await open(browser, `${plan.url}#idle=180`);
  await page.clock.install();
  await page.reload();
  await page.tap("[data-eye=OD]");
  await choose(page, plan.files);
  // Ten seconds before it asks: a busy machine may use up some of them.
  await page.clock.fastForward(150_000);
  await page.tap("#stay");
  await page.locator("#leaving[open]").waitFor({ state: "detached" });
  found.stayed = await page.locator(".tile img").count();
  await page.clock.fastForward(150_000);
  await page.locator("#leaving[open]").waitFor();
  await look(page, "leaving");
  await page.clock.fastForward(20_000);
  await page.locator("[data-eye=OD]").waitFor();
  found.remains = await remains(page);
}

async function token(browser) {
  const page = await open(browser);
  await page.tap("[data-eye=OD]");
  await choose(page, plan.files);
  await page.tap("#analyse");
  await page.locator("#token").waitFor();
  await look(page, "token");
  await page.fill("#token", "wrong");
  await page.locator("form button").tap();
  await page.locator("#token").waitFor();
  await page.fill("#token", plan.token);
  await page.locator("form button").tap();
  found.typed = await answered(page);
  const other = await open(browser, `${plan.url}#token=${plan.token}`);
  await other.tap("[data-eye=OD]");
  await choose(other, plan.files);
  await other.tap("#analyse");
  found.addressed = await answered(other);
}

// The service is killed exam after exam: after some milliseconds, or as soon as something is asked for.
async function kills(browser) {
  const page = await open(browser);
  found.tones = [];
  for (const after of plan.after) {
    await page.tap("[data-eye=OD]");
    await choose(page, plan.files);
    const asked = (request) => request.method() === "GET" && request.url().includes(after);
    const moment = typeof after === "string" ? page.waitForRequest(asked) : page.waitForTimeout(after);
    await page.tap("#analyse");
    await moment;
    await please("kill");
    await please("restart");
    found.tones.push((await answered(page)).tone);
    await page.tap("#next");
    await page.locator("[data-eye=OD]").waitFor();
  }
  found.remains = await remains(page);
}

const WAYS = { wholePath, kills, otherLanguage, refusedScans, otherEye, faults, idle, token };

(async () => {
  const args = process.getuid && process.getuid() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: process.argv[2], args });
  try {
    await WAYS[plan.way](browser);
  } finally {
    await browser.close();
  }
  await new Promise((done) => process.stdout.write(`${JSON.stringify({ found })}\n`, done));
  process.exit(0);
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
