// Open pages in Chromium as a phone, a tablet and a printer do, and print what is wrong with each as JSON.
// Usage: node page_in_browser.cjs CHROMIUM PAGE...   with playwright-core and axe-core in NODE_PATH
const fs = require("fs");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const SCREENS = [
  { name: "phone", width: 390, height: 844, colorScheme: "light" },
  { name: "tablet", width: 820, height: 1180, colorScheme: "dark" },
];

function describe(violations) {
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 120)}`));
}

// Boxes that hold more than they show, in pixels of the sheet; one pixel is rounding.
function cutBoxes() {
  const boxes = [...document.querySelectorAll("body, main, .eye, .scans, .scans ol, .scans li")];
  return boxes.filter((box) => box.scrollHeight > box.clientHeight + 1).map((box) => box.className || box.tagName);
}

async function look(browser, file) {
  const found = { violations: [], console: [], requests: [], sideways: [], cut: [] };
  for (const screen of SCREENS) {
    const { name, width, height, colorScheme } = screen;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const page = await context.newPage();
    page.on("console", (message) => found.console.push(message.text()));
    page.on("pageerror", (error) => found.console.push(String(error)));
    page.on("request", (request) => found.requests.push(request.url()));
    await page.goto(`file://${file}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) found.sideways.push(name);
    found.language = await page.evaluate(() => document.documentElement.lang);
    found.direction = await page.evaluate(() => getComputedStyle(document.body).direction);
    found.background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.evaluate(axe);
    found.violations.push(...describe((await page.evaluate(() => window.axe.run())).violations));
    if (colorScheme === "dark") {
      const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
      found.sheets = (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) || []).length;
      await page.setViewportSize({ width: 726, height: 1062 }); // A4 within the margins of the page
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      found.cut = await page.evaluate(cutBoxes);
      found.ink = await page.evaluate(() => getComputedStyle(document.body).color);
      found.smallest = await page.evaluate(() =>
        Math.min(...[...document.querySelectorAll(".pair img")].map((one) => one.getBoundingClientRect().height)));
    }
    await context.close();
  }
  return found;
}

(async () => {
  const [executablePath, ...files] = process.argv.slice(2);
  const args = process.getuid && process.getuid() === 0 ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath, args });
  const answers = {};
  for (const file of files) answers[file] = await look(browser, file);
  await browser.close();
  process.stdout.write(JSON.stringify(answers));
})();
