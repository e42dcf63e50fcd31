import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { browserPath, launchBrowser } from "@lab/tooling/page";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixtureProject, lab } from "./lab.js";

const { folder, remove } = fixtureProject();
const report = join(folder, "lab-out", "report.html");
beforeAll(async () => {
  await lab(["reproduce", "--only", "fixture-steps,fixture-broken", "--report"], folder);
});
afterAll(remove);

test("one experiment that fails does not keep the others from the report", async () => {
  const { code, stdout } = await lab(
    ["reproduce", "--only", "fixture-steps,fixture-broken", "--report"],
    folder,
  );
  expect(code).toBe(1);
  expect(stdout).toContain("[1/2] fixture-steps: reproduced (stored) means");
  expect(stdout).toContain("[2/2] fixture-broken: did not run: the numbers ran out");
  expect(stdout).toContain(pathToFileURL(report).href);
});

test("the report is one file: claim, values, figure, table, data, versions and the command", () => {
  const html = readFileSync(report, "utf8");
  for (const part of [
    "The sum of random steps stays near half their number.",
    "Sums &#60;of&#62; steps",
    "lab run fixture-steps --quick --seeds 1",
    "Generated numbers.",
    'aria-label="Mean step by seed"',
    "steps taken",
    "@tensorflow/tfjs-core 4.22.0",
  ]) {
    expect(html).toContain(part);
  }
  expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
});

test("the report can be made again from what is stored", async () => {
  const { stdout } = await lab(["report", "--file", "again.html", "--json"], folder);
  const { results } = JSON.parse(stdout);
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({ experiment: "fixture-steps", verdict: "reproduced", seeds: 1 });
  expect(readFileSync(join(folder, "again.html"), "utf8")).toContain("means");
});

describe.skipIf(!browserPath)("in a browser (skipped where no Chromium is installed)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser(["--disable-gpu"]);
  });
  afterAll(() => browser.close());

  test.each([
    [1280, "light"],
    [400, "light"],
    [400, "dark"],
  ] as const)(
    "at %i px, %s: no console error, no sideways scrolling, no serious finding of axe",
    async (width, colorScheme) => {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const errors: string[] = [];
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(pathToFileURL(report).href);
      expect(errors).toEqual([]);
      expect(
        await page.evaluate(
          () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
        ),
      ).toBe(true);
      await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
      const findings = await page.evaluate(async () => {
        const axe = (
          globalThis as unknown as {
            axe: { run: () => Promise<{ violations: { id: string; impact: string }[] }> };
          }
        ).axe;
        return (await axe.run()).violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id }) => id);
      });
      expect(findings).toEqual([]);
      await page.close();
    },
  );
});
