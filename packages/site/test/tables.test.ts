import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { benchmarksPage, committedBenchmarks, costOf } from "../src/benchmarks.mjs";
import { committedRuns, compatibilityPage } from "../src/compatibility.mjs";
import { resultsPage } from "../src/results.mjs";

const folder = mkdtempSync(join(tmpdir(), "lab-tables-"));
afterAll(() => rmSync(folder, { recursive: true }));
const docs = join(import.meta.dirname, "../../../docs/results");
const text = (html: string) => html.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

test("every committed measurement stands in the table of benchmarks, with machine and command", () => {
  const reports = committedBenchmarks(join(docs, "bench"));
  expect(reports.length).toBeGreaterThan(0);
  const page = text(benchmarksPage(reports));
  for (const report of reports) {
    expect(page).toContain(`npm run bench -- --only ${report.package.replace("@lab/", "")}`);
    for (const version of Object.values(report.versions)) expect(page).toContain(String(version));
    for (const { name } of report.rows)
      expect(benchmarksPage(reports)).toContain(
        name.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
      );
  }
});

test("rows are shown with their rivals, missed bars too", () => {
  const head = { machine: "2 × A", versions: { node: "v1" }, skipped: [], peakMegabytes: { s: 77 } };
  const common = { section: "s", moreIsBetter: false, spread: 0.2 };
  const compared = {
    ours: 2,
    rival: 8,
    rivalName: "R",
    unit: "ms",
    ratio: 0.25,
    bar: "ratio ≤ 0.3",
    met: true,
  };
  const rate = { ours: 300, rival: 100, rivalName: "S", unit: "rows/s", ratio: 3, moreIsBetter: true };
  const list = [
    {
      package: "@lab/zeta",
      ...head,
      rows: [
        { ...common, name: "a", ...compared },
        { ...common, name: "b", ours: 10, unit: "MiB", bar: "≤ 5 MiB", met: false, note: "much" },
        { ...common, name: "c", ...rate },
      ],
      skipped: [{ section: "s", name: "d", reason: "no driver" }],
    },
  ];
  const alone = { package: "@lab/alpha", ...head, rows: [{ ...common, name: "e", ours: 0, unit: "ms" }] };
  mkdirSync(join(folder, "bench"));
  writeFileSync(join(folder, "bench", "1.json"), JSON.stringify(list));
  writeFileSync(join(folder, "bench", "2.json"), JSON.stringify(alone));
  const reports = committedBenchmarks(join(folder, "bench"));
  expect(reports.map((report) => report.package)).toEqual(["@lab/alpha", "@lab/zeta"]);
  const page = text(benchmarksPage(reports));
  expect(page).toContain("1 of 2 bars are met");
  expect(page).toContain("s: a 2 ms ± 10 % 8 ms R 0.25 ratio ≤ 0.3 met");
  expect(page).toContain("s: b much 10 MiB ± 10 % – – ≤ 5 MiB missed");
  expect(page).toContain("s: c 300 rows/s ± 10 % 100 rows/s S 0.333");
  expect(page).toContain("Not measured: s: d (no driver)");
  expect(page).toContain("s 77 MB");
});

test("a cost below one means that ours is cheaper, for times and for rates", () => {
  expect(costOf({ ratio: 0.25, moreIsBetter: false })).toBe(0.25);
  expect(costOf({ ratio: 4, moreIsBetter: true })).toBe(0.25);
  expect(costOf({ moreIsBetter: false })).toBeUndefined();
});

test("a file that no bench wrote is named", () => {
  mkdirSync(join(folder, "wrong"));
  writeFileSync(join(folder, "wrong", "x.json"), "[{}]");
  expect(() => committedBenchmarks(join(folder, "wrong"))).toThrow(/^x\.json: not what a bench writes/);
});

test("the table of compatibility shows passes, failures and what was not run", () => {
  const run = { system: "linux x64", skipped: 0, command: "LAB_NODE=… npm run test:node -- --only core" };
  const page = text(
    compatibilityPage([
      { ...run, package: "@lab/core", environment: "Node 24.9.0", passed: 7, failed: 0, skipped: 2 },
      { ...run, package: "@lab/hull", environment: "Node 22.1.0", passed: 3, failed: 1 },
    ]),
  );
  expect(page).toContain(
    "package Node 22.1.0 Node 24.9.0 @lab/core not run 7 passed 2 skipped @lab/hull 1 failed of 4 not run",
  );
  expect(committedRuns(join(folder, "none"))).toEqual([]);
});

test("the results say which full runs are here and how to compute the others", () => {
  const quick = JSON.parse(readFileSync(join(docs, "quick.json"), "utf8")).map((result: object) => ({
    ...result,
    images: [],
  }));
  const [first, second] = quick;
  const page = text(resultsPage([...quick, { ...first, mode: "full", seeds: 3 }]));
  expect(page).toContain(`1 of ${quick.length} full runs are here: ${first.experiment}`);
  expect(page).toContain(`lab run ${second.experiment} --full computes it`);
  expect(page).not.toContain(`lab run ${first.experiment} --full computes it`);
});
