import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "@lab/core";
import type { OptionValues } from "@lab/core/experiment";
import { renderSvg } from "@lab/core/plot";
import { gaussians } from "@lab/core/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../src/commands/index.js";
import { affineHull, ConvexHull } from "../src/index.js";
import { extremeQueries, rateVsDimension, report, spectrumPlot, stageFunnel } from "../src/report/index.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hull-commands-"));
  const csv = (rows: Float64Array, d: number, header = "") =>
    header +
    Array.from({ length: rows.length / d }, (_, i) => rows.slice(i * d, (i + 1) * d).join(",")).join("\n");
  await writeFile(join(folder, "train.csv"), csv(gaussians(200 * 4, 1), 4, "a,b,c,d\n"));
  await writeFile(join(folder, "test.csv"), csv(gaussians(30 * 4, 2), 4));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(name: string, options: OptionValues, json = false) {
  const lines: string[] = [];
  const command = commands.find(({ path }) => path[1] === name)!;
  const code = await command.run({
    options,
    init: () => init({ backend: "wasm" }),
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
    print: (line) => lines.push(line),
    json,
  });
  return { code, lines };
}

test("rate writes certificates that verify accepts and refuses once changed", async () => {
  const files = { train: join(folder, "train.csv"), test: join(folder, "test.csv") };
  const certificates = join(folder, "c.jsonl");
  const html = join(folder, "r.html");
  const { code, lines } = await run("rate", { ...files, certificates, report: html }, true);
  expect(code).toBe(0);
  const rate = JSON.parse(lines[0]!);
  expect(rate.total).toBe(30);
  expect(rate.inside).toBeGreaterThan(5);
  expect(rate.boundary).toBe(0);
  expect(await run("verify", { ...files, certificates })).toEqual({
    code: 0,
    lines: ["30 verified, 0 undecided, 0 failed"],
  });
  const text = await readFile(certificates, "utf8");
  const [first, ...rest] = text.split("\n");
  await writeFile(certificates, [rest[0], first, ...rest.slice(1)].join("\n"));
  expect((await run("verify", { ...files, certificates })).code).toBe(1);
  const page = await readFile(html, "utf8");
  expect(page).toContain("<svg");
  expect(page).not.toContain("<script");
  const projected = await run("rate", { ...files, pca: 2 });
  expect(projected.lines[0]).toMatch(/of 30 inside/);
  await expect(run("rate", { ...files, pca: 2, crop: 1 })).rejects.toThrow("one of them was expected");
});

test("extreme and theory print numbers", async () => {
  const { lines } = await run("extreme", { points: join(folder, "train.csv") });
  expect(lines.length).toBeGreaterThan(20);
  expect((await run("extreme", { points: join(folder, "train.csv"), layers: 1 })).lines).toHaveLength(200);
  const theory = await run("theory", { d: 5, n: 135 }, true);
  const values = JSON.parse(theory.lines[0]!);
  expect(values.samplesNeeded).toBe(135);
  expect(values.inside).toBeGreaterThan(0.5);
});

test("figures draw", async () => {
  const d = 4;
  const x = { data: gaussians(100 * d, 1), shape: [100, d] as [number, number] };
  const q = { data: gaussians(12 * d, 2), shape: [12, d] as [number, number] };
  const hull = await ConvexHull.from(x);
  const distances = await hull.distance(q);
  const { singularValues, basis, center } = await affineHull(x);
  basis.dispose();
  center.dispose();
  const { rate } = distances;
  const figures = [
    rateVsDimension([{ dimension: 4, ...rate }], { numPoints: 100 }),
    stageFunnel(distances),
    spectrumPlot(singularValues),
    extremeQueries(q.data, distances, { shape: [2, 2, 1], white: 3, count: 3 }),
  ];
  for (const figure of figures) expect(renderSvg(figure)).toContain("<svg");
  expect(report(distances, { title: "a < b" })).toContain("a &lt; b");
});
