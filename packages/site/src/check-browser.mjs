// The built site of docs/site in a real browser: the reference's search, every page's console, requests and pictures, the
// weight of the home page. Says so and ends well where no Chromium is installed.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { browserPath, launchBrowser } from "@lab/tooling/page";

const site = join(import.meta.dirname, "..", "..", "..", "docs", "site");
if (!browserPath) {
  console.log("SKIPPED: the site in a browser (no Chromium is installed; LAB_CHROMIUM names one)");
  process.exit(0);
}
const types = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};
const server = createServer(({ url }, response) => {
  // Under a sub-path, as a project's pages are.
  let file = join(site, decodeURI(new URL(url, "http://site").pathname).replace(/^\/lab\//, ""));
  if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
  response.end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const served = `http://127.0.0.1:${server.address().port}/lab/`;
const browser = await launchBrowser(["--disable-gpu"]);
const complaints = [];
const expectThat = (holds, text) => holds || complaints.push(text);

async function pageOf(options) {
  const page = await browser.newPage(options);
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText;
    if (reason !== "net::ERR_ABORTED") complaints.push(`${page.url()}: ${request.url()} ${reason}`);
  });
  return page;
}

/** Types a function's name into the search of the reference and follows the first answer. */
async function searchFor(name, from, hasFormula) {
  const page = await pageOf();
  await page.goto(from);
  await page.keyboard.press("/");
  await page.locator("#tsd-search-input").fill(name);
  const answer = page.locator(`#tsd-search-results a[href$=".${name}.html"]`).first();
  await answer.click();
  await page.waitForURL(`**/functions/*.${name}.html`);
  const heading = await page.locator("h1").first().innerText();
  expectThat(heading.includes(name), `the search for ${name} leads to "${heading}"`);
  expectThat(!hasFormula || (await page.locator("math").count()) > 0, `the page of ${name} shows no formula`);
  await page.close();
}

// Pictures and sideways scrolling at two widths and in both colour schemes; our own pages, and one of the reference.
async function look(width, colorScheme) {
  const page = await pageOf({ viewport: { width, height: 900 }, colorScheme });
  const own = readdirSync(site, { recursive: true }).filter(
    (name) => name.endsWith(".html") && !/^api[\\/]/.test(name),
  );
  for (const name of own) {
    await page.goto(served + name.replaceAll("\\", "/"));
    const { overflow, empty } = await page.evaluate(async () => {
      const images = [...document.images];
      for (const image of images) image.loading = "eager";
      await Promise.all(images.map((image) => image.decode().catch(() => undefined)));
      return {
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        empty: images.filter(({ naturalWidth }) => naturalWidth === 0).map(({ src }) => src),
      };
    });
    expectThat(overflow <= 0, `${name} at ${width} px scrolls sideways by ${overflow} px`);
    expectThat(empty.length === 0, `${name}: empty pictures ${empty}`);
  }
  await page.close();
  return own.length;
}

/** Bytes of the home page with all that it shows, without running a script. */
async function weightOfHome() {
  const page = await pageOf({ viewport: { width: 1280, height: 900 }, javaScriptEnabled: false });
  const sizes = [];
  page.on("response", (response) => sizes.push(response.body().then(({ length }) => length)));
  await page.goto(served, { waitUntil: "networkidle" });
  const figure = page.locator("main img").first();
  await figure.scrollIntoViewIfNeeded();
  expectThat(await figure.isVisible(), "the first figure of the home page needs a script");
  for (const image of await page.locator("main img").all()) await image.scrollIntoViewIfNeeded();
  await page.waitForLoadState("networkidle");
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expectThat(bytes <= 500_000, `the home page weighs ${bytes} bytes`);
  await page.close();
  return bytes;
}

try {
  const reference = join(site, "api", "index.html");
  if (existsSync(reference)) {
    await searchFor("interpolationRate", `${served}api/index.html`, false);
    await searchFor("augmentedMoments", pathToFileURL(reference).href, true);
  } else complaints.push("there is no reference: typedoc has not run");
  let pages = 0;
  for (const width of [1280, 400]) for (const scheme of ["light", "dark"]) pages = await look(width, scheme);
  const bytes = await weightOfHome();
  console.log(
    `search finds functions, served and from a file; ${pages} pages at 1280 and 400 px, light and dark; home ${Math.round(bytes / 1000)} kB`,
  );
} finally {
  await browser.close();
  server.close();
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
