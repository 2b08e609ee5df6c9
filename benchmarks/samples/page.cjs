// Use the sample page in Chromium as a phone does, without a network, and print what is found as JSON, a line each.
// Usage: node sample_page.cjs CHROMIUM PLAN   with playwright-core and axe-core in NODE_PATH
// A line {"please": "stop"} asks the caller to end the server; it answers with a line of any text.
const fs = require("fs");
const readline = require("readline");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const plan = JSON.parse(process.argv[3]);
const TIMEOUT = 180_000;
const input = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const found = { violations: [], console: [], sideways: [], foreign: [], small: [], answers: [] };

async function stopServer() {
  process.stdout.write(`${JSON.stringify({ please: "stop" })}\n`);
  await input.next();
}

async function look(page, step) {
  for (const [width, height] of [[390, 844], [320, 568], [1024, 768]]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    if (wide) found.sideways.push(`${step} ${width}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  const touched = await page.locator("#file").boundingBox();
  if (touched.height < 48) found.small.push(step);
  if (plan.shots) await page.screenshot({ path: `${plan.shots}/${step}-${plan.scheme}.png`, fullPage: true });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const said = violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}`));
  found.violations.push(...said.map((one) => `${step} ${one}`));
}

async function analyzed(page, file) {
  await page.evaluate(() => delete window.answered);
  await page.setInputFiles("#file", file);
  const refused = () => /was not analysed \((.*)\)/.exec(document.querySelector("#state").textContent)?.[1] ?? null;
  await page.waitForFunction(() => window.answered || document.querySelector("#state").textContent.includes("was not"));
  const error = await page.evaluate(refused);
  if (error) return { error };
  return page.evaluate(async () => {
    const { labels, answer, details, threads } = window.answered;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", labels.labels));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const map = window.wanted ? Array.from(labels.labels) : null, picture = document.querySelector("#picture");
    const { width, height } = picture, copy = Object.assign(document.createElement("canvas"), { width, height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const painted = data.some((level, place) => place % 4 === 1 && level !== data[place - 1]);
    const legend = document.querySelector("#key").checkVisibility();
    const told = { labels_sha256: sha256, labels: map, labels_shape: labels.shape, painted, legend };
    return { ...answer, ...details, threads, ...told };
  });
}

// The most memory that each process of a page has had, in MB, without the browser's program files, which all share.
async function memory(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return renderers.map(({ id }) => {
    const number = (text, name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)[1]) / 1024);
    const status = fs.readFileSync(`/proc/${id}/status`, "utf8"), resident = number(status, "VmHWM");
    return { most: resident - number(status, "RssFile"), resident, now: number(status, "RssAnon") };
  });
}

async function ready(page) {
  await page.waitForFunction(() => document.querySelector("#state").textContent.startsWith("Ready"));
  await page.waitForFunction(() => document.querySelector("#offline").textContent.includes("without a network"));
}

async function walk(browser) {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const context = await browser.newContext({ ...phone, colorScheme: plan.scheme });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT);
  page.on("console", (message) => found.console.push(message.text()));
  page.on("pageerror", (error) => found.console.push(String(error)));
  if (plan.labels) await page.addInitScript(() => { window.wanted = true; });
  let loaded = false;
  context.on("request", (request) => {
    if (loaded || !request.url().startsWith(plan.url)) found.foreign.push(request.url());
  });
  await page.goto(`${plan.url}?threads=${plan.threads}${plan.pitch ? `&pitch=${plan.pitch}` : ""}`);
  if (plan.refused) {
    await page.waitForFunction(() => document.querySelector("#state").textContent.includes("cannot be started"));
    found.said = await page.textContent("#state");
    found.open = await page.isEnabled("#file");
    return;
  }
  await ready(page);
  if (plan.look) await look(page, "start");
  await stopServer();
  loaded = true;
  for (const file of plan.files) found.answers.push(await analyzed(page, file));
  if (plan.look) await look(page, "answer");
  found.requestsAfterLoad = found.foreign.length;
  found.memory = await memory(browser);
  found.text = await page.evaluate(() => document.body.innerText);
  loaded = false;
  await page.reload();
  await ready(page);
  found.again = await analyzed(page, plan.files[0]);
  found.isolated = await page.evaluate(() => window.crossOriginIsolated);
}

(async () => {
  const args = process.getuid && process.getuid() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath: process.argv[2], args });
  try {
    await walk(browser);
    // Until all of it is out: megabytes are cut where the program ends at once.
    await new Promise((done) => process.stdout.write(`${JSON.stringify({ found })}\n`, done));
  } finally {
    await browser.close();
  }
  process.exit(0);
})();
