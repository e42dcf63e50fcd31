import { join } from "node:path";
import { expect, test } from "vitest";

interface Row {
  section: string;
  name: string;
  unit: string;
  ours: number;
  rival?: number;
  rivalName?: string;
  ratio?: number;
  spread: number;
  moreIsBetter: boolean;
  bar?: string;
  met?: boolean;
}

const folder = join(import.meta.dirname, "../../../tooling/bench");
interface Report {
  package: string;
  machine: string;
  rows: Row[];
}

const { compareRuns, figureOf, tableOf } = (await import(join(folder, "report.mjs"))) as {
  compareRuns(before: Report[], now: Report[]): { text: string; regressions: number };
  figureOf(reports: Report[]): string;
  tableOf(run: Report & { versions: object; skipped: object[]; peakMegabytes: object }): string;
};
const { row: makeRow } = (await import(join(folder, "rows.mjs"))) as { row(options: object): Row };

const row = (change: Partial<Row>): Row => ({
  section: "wasm",
  name: "step",
  unit: "ms",
  ours: 100,
  rival: 200,
  rivalName: "PyTorch",
  ratio: 0.5,
  spread: 0.05,
  moreIsBetter: false,
  ...change,
});
const report = (...rows: Row[]): Report => ({ package: "@lab/core", machine: "m", rows });
const verdict = (before: Row, now: Row) => compareRuns([report(before)], [report(now)]);

test("a row has the ratio of medians, their spread, and whether the bar is met", () => {
  const made = makeRow({
    name: "x",
    ours: [30, 10, 20],
    rival: [40, 40, 40],
    rivalName: "y",
    bar: { of: "ratio", atMost: 0.4 },
  });
  expect(made).toMatchObject({ ours: 20, rival: 40, ratio: 0.5, bar: "ratio ≤ 0.4", met: false });
  expect(made.spread).toBeGreaterThan(0.4);
  const speed = { name: "x", ours: [2], unit: "GB/s", moreIsBetter: true, bar: { of: "ours", atLeast: 1 } };
  expect(makeRow(speed)).toMatchObject({ bar: "≥ 1 GB/s", met: true });
});

test("only what is worse beyond the noise is a regression", () => {
  expect(verdict(row({}), row({ ratio: 0.54 })).regressions).toBe(0);
  expect(verdict(row({}), row({ ratio: 0.6 })).regressions).toBe(1);
  expect(verdict(row({ spread: 0.3 }), row({ ratio: 0.6 })).regressions).toBe(0);
  expect(verdict(row({}), row({ ratio: 0.3 })).text).toContain("better");
});

test("a slower machine is no regression, a slower reader is", () => {
  expect(verdict(row({}), row({ ours: 300, rival: 600 })).regressions).toBe(0);
  const reader = row({ unit: "GB/s", moreIsBetter: true });
  expect(verdict(reader, { ...reader, ratio: 0.4 }).regressions).toBe(1);
  const { rival, ratio, rivalName, ...alone } = row({});
  expect(verdict(alone, { ...alone, ours: 150 }).regressions).toBe(1);
});

test("rows that only one run has are named and count for nothing", () => {
  const { text, regressions } = verdict(row({ name: "old" }), row({ name: "fresh" }));
  expect(regressions).toBe(0);
  expect(text).toMatch(/fresh \/ PyTorch +new[\s\S]*old \/ PyTorch +not measured now/);
});

test("the table tells missed bars and what was left out; the figure draws every ratio", () => {
  const rows = [row({ bar: "ratio ≤ 0.4", met: false }), row({ name: "a < b" })];
  const skipped = [{ section: "wasm", name: "PyTorch", reason: "LAB_PYTHON names no Python" }];
  const table = tableOf({
    ...report(...rows),
    versions: { node: "20" },
    skipped,
    peakMegabytes: { wasm: 77 },
  });
  expect(table).toContain("MISSED");
  expect(table).toContain("left out: wasm: PyTorch: LAB_PYTHON names no Python");
  expect(table).toContain("peak memory: wasm 77 MB");
  const figure = figureOf([report(...rows)]);
  expect(figure.match(/<rect x/g)).toHaveLength(2);
  expect(figure).toContain("a &lt; b");
});
