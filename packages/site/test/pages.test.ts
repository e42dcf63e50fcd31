import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConvexHull } from "@lab/hull";
import { browserPath, launchBrowser } from "@lab/tooling/page";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPages } from "../src/build-pages.mjs";
import { contrastiveRun } from "../src/playground/contrastive-panel.js";
import { driveEpisode } from "../src/playground/driving-panel.js";
import { momentsOf } from "../src/playground/moments-panel.js";

const folder = mkdtempSync(join(tmpdir(), "lab-site-"));
beforeAll(() => buildPages(folder), 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("the playground's program stays below 400 kB compressed", () => {
  expect(gzipSync(readFileSync(join(folder, "playground", "program.js"))).length).toBeLessThan(400_000);
});

const types: Record<string, string> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

describe.skipIf(!browserPath)("in a browser (skipped where no Chromium is installed)", () => {
  let browser: Browser;
  let server: Server;
  let address: string;
  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      // Under a sub-path, as a project's pages are.
      const path = new URL(url!, "http://site").pathname
        .replace(/^\/lab\//, "")
        .replace(/(^|\/)$/, "$1index.html");
      try {
        const body = readFileSync(join(folder, path));
        response.writeHead(200, { "content-type": types[extname(path)] ?? "image/svg+xml" }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lab/`;
    browser = await launchBrowser(["--disable-gpu"]);
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  test("the home page weighs at most 500 kB and shows its first figure without a script", async () => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    const sizes: Promise<number>[] = [];
    page.on("response", (response) => sizes.push(response.body().then(({ length }) => length)));
    await page.goto(address, { waitUntil: "networkidle" });
    for (const figure of await page.locator("main img").all()) {
      await figure.scrollIntoViewIfNeeded();
      expect(await figure.isVisible()).toBe(true);
    }
    await page.waitForLoadState("networkidle");
    expect(sizes.length).toBeGreaterThanOrEqual(12); // the page, its style, a figure for each paper
    expect((await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)).toBeLessThan(500_000);
    await page.close();
  });

  const resultOf = async (page: Page, id: string) => {
    await page.waitForFunction((name) => document.getElementById(name)?.dataset.value, id);
    return JSON.parse((await page.locator(`#${id}`).getAttribute("data-value"))!);
  };

  test("the playground's numbers are Node's", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${address}playground/`);
    expect(await resultOf(page, "backend")).toBe("wasm");

    await page.focus("#hull-picture");
    for (let i = 0; i < 24; i++) await page.keyboard.press("ArrowRight");
    await page.waitForFunction(
      () => JSON.parse(document.getElementById("hull-result")!.dataset.value!).query[0] > 0.97,
    );
    const { kind, points, query, margin } = await resultOf(page, "hull-result");
    const hull = await ConvexHull.from({ data: Float64Array.from(points.flat()), shape: [points.length, 2] });
    const membership = await hull.contains({ data: Float64Array.from(query), shape: [1, 2] });
    const here = membership.certificate(0) as { kind: string; margin: number };
    expect([kind, margin]).toEqual([here.kind, expect.closeTo(here.margin, 10)]);

    const { figure, shift, angle, trace, values } = await resultOf(page, "moments-result");
    const moments = await momentsOf(figure, { shift, angle });
    expect(trace).toBeCloseTo(moments.trace, 8);
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(moments.values[i]!, 6);

    await page.click("#contrastive-start");
    await page.waitForFunction(
      () => JSON.parse(document.getElementById("contrastive-result")!.dataset.value ?? "{}").step === 300,
      undefined,
      { timeout: 60_000 },
    );
    const trained = await resultOf(page, "contrastive-result");
    const run = contrastiveRun("dcl");
    let loss = Number.NaN;
    for (let step = 1; step <= 300; step++) loss = await run.update(step);
    expect(trained.loss).toBeCloseTo(loss, 3);
    for (const [i, log] of (await run.spectrum()).entries()) expect(trained.logs[i]).toBeCloseTo(log, 2);
    run.dispose();

    await page.waitForFunction(
      () => JSON.parse(document.getElementById("driving-result")!.dataset.value ?? "null") !== null,
      undefined,
      { timeout: 60_000 },
    );
    const driven = await resultOf(page, "driving-result");
    const { outcome, distance } = await driveEpisode(1);
    expect(driven).toMatchObject({ seed: 1, outcome, distance: expect.closeTo(distance, 1) });
    expect(errors).toEqual([]);
    await page.close();
  }, 120_000);

  test.each([
    [1280, "light"],
    [400, "dark"],
  ] as const)(
    "at %i px, %s: no sideways scrolling, no serious finding of axe on any page",
    async (width, colorScheme) => {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
      const paths = ["", "results/", "papers/", "papers/nmce.html", "guides/", "playground/"];
      for (const path of [...paths, "benchmarks/", "compatibility/", "changes/"]) {
        await page.goto(address + path);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect([path, overflow]).toEqual([path, 0]);
        await page.addScriptTag({ path: axe });
        const findings = await page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: { run: () => Promise<{ violations: { id: string; impact: string }[] }> };
          };
          return (await axe.run()).violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .map(({ id }) => id);
        });
        expect([path, findings]).toEqual([path, []]);
      }
      await page.close();
    },
  );
});
