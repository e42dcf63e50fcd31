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
        name.replaceAll("&", "&#38;").replaceAll("<", "&#60;").replaceAll(">", "&#62;"),
      );
  }
});

test("rows of every form that a bench writes are shown, missed bars too", () => {
  const head = { machine: { cpu: "A", cores: 2 }, versions: { node: "v1" } };
  const list = [
    {
      package: "@lab/zeta",
      ...head,
      rows: [
        {
          name: "a",
          ours: 2,
          rival: 8,
          rivalName: "R",
          unit: "ms",
          ratio: 4,
          bar: ">= 3x",
          met: true,
          spread: [1, 3],
        },
        {
          name: "b",
          ours: 10,
          rival: null,
          rivalName: null,
          unit: "MiB",
          ratio: null,
          bar: 5,
          met: false,
          spread: null,
        },
        {
          name: "c",
          ours: 300,
          rival: 100,
          rivalName: "S",
          unit: "rows/s",
          ratio: 3,
          bar: 2,
          met: null,
          spread: 0.2,
        },
      ],
      skipped: [{ name: "d", reason: "no driver" }],
    },
  ];
  const alone = {
    package: "@lab/alpha",
    machine: "one",
    versions: {},
    rows: [{ section: "s", name: "e", ours: 0, bar: null, met: null }],
  };
  mkdirSync(join(folder, "bench"));
  writeFileSync(join(folder, "bench", "1.json"), JSON.stringify(list));
  writeFileSync(join(folder, "bench", "2.json"), JSON.stringify(alone));
  const reports = committedBenchmarks(join(folder, "bench"));
  expect(reports.map((report) => report.package)).toEqual(["@lab/alpha", "@lab/zeta"]);
  const page = text(benchmarksPage(reports));
  expect(page).toContain("1 of 2 bars are met");
  expect(page).toContain("a 2 ms 1 to 3 ms 8 ms R 0.25 ≥ 3x met");
  expect(page).toContain("b 10 MiB – – ≤ 5 MiB missed");
  expect(page).toContain("c 300 rows/s ± 10 % 100 rows/s S 0.333");
  expect(page).toContain("Not measured: d (no driver)");
  expect(page).toContain("s: e 0");
});

test("a cost below one means that ours is cheaper, for times and for rates", () => {
  expect(costOf({ ours: 1, rival: 4, unit: "ms" })).toBe(0.25);
  expect(costOf({ ours: 4, rival: 1, unit: "MB/s" })).toBe(0.25);
  expect(costOf({ ours: 4, rival: 1, unit: "drives", moreIsBetter: true })).toBe(0.25);
  expect(costOf({ ours: 4, rival: null, unit: "ms" })).toBeUndefined();
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
