import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import type { OptionValues } from "@lab/core/experiment";
import { readNpy, writeNpy, writeNpz } from "@lab/core/io";
import { gaussians } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../src/commands/index.js";

const folder = mkdtempSync(join(tmpdir(), "lab-ssl-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** Two clouds, taking turns, in six columns. */
const COUNT = 40;
const labels = Int32Array.from({ length: COUNT }, (_, i) => i % 2);
const clouds = Float32Array.from(
  gaussians(COUNT * 6, 3),
  (v, i) => 0.3 * v + (i % 6 === labels[Math.floor(i / 6)] ? 2 : 0),
);
beforeAll(async () => {
  await writeNpy(at("clouds.npy"), { shape: [COUNT, 6], data: clouds });
  await writeNpy(at("classes.npy"), { shape: [COUNT], data: labels });
  await writeNpz(at("clouds.npz"), {
    x: { shape: [COUNT, 6], data: clouds },
    y: { shape: [COUNT], data: labels },
  });
  const pictures = Uint8Array.from(clouds.subarray(0, COUNT * 4), (v) =>
    Math.min(255, Math.max(0, 60 * v + 60)),
  );
  await writeNpy(at("pictures.npy"), { shape: [COUNT, 2, 2], data: pictures });
});

async function run(path: string, given: OptionValues, json = true): Promise<string[]> {
  const command = commands.find((one) => one.path.join(" ") === `ssl ${path}`)!;
  const defaults = Object.fromEntries(
    Object.entries(command.options).flatMap(([name, spec]) =>
      spec.default === undefined ? [] : [[name, spec.default]],
    ),
  );
  const lines: string[] = [];
  const before = tf.memory().numTensors;
  const code = await command.run({
    options: { ...defaults, ...given },
    init: async () => device(),
    runner: "inline",
    signal: new AbortController().signal,
    onProgress: () => {},
    print: (line) => lines.push(line),
    json,
  });
  expect(code).toBe(0);
  expect(tf.memory().numTensors).toBe(before);
  return lines;
}

test("train writes weights, features and a report, and goes on when it is called again", async () => {
  const options = { data: at("clouds.npz"), out: at("run"), batch: 8, epochs: 2, width: 16 };
  const [first] = await run("train", options);
  const result = JSON.parse(first!);
  expect(result).toMatchObject({ method: "dcl", steps: 10, batchSize: 8, warnings: [] });
  const features = await readNpy(at("run/features.npy"));
  expect(features.shape).toEqual([COUNT, 16]);
  expect([...(await readNpy(at("run/labels.npy"))).data]).toEqual([...labels]);
  const report = readFileSync(at("run/report.html"), "utf8");
  for (const title of ["Loss", "Effective rank", "Alignment and uniformity", "Coupling factors", "Spectrum"])
    expect(report).toContain(title);
  // All steps are in the checkpoint: nothing is left to do, and the features are the same.
  const [again] = await run("train", options);
  expect(JSON.parse(again!).loss).toBe(result.loss);
  expect([...(await readNpy(at("run/features.npy"))).data]).toEqual([...features.data]);
  expect(JSON.parse(readFileSync(at("run/run.json"), "utf8")).history.resumedFrom).toBe(10);

  const [probed] = await run("probe", { features: at("run") });
  expect(JSON.parse(probed!)).toMatchObject({ knn: 1, linear: 1, train: 32, test: 8 });
  const [shown] = await run("spectrum", { file: at("run/features.npy") }, false);
  expect(shown).toMatch(/features.npy: 40 rows, 16 columns, \d+ collapsed/);
});

test("train takes the recipe of a paper", async () => {
  const pictures = Uint8Array.from({ length: 8 * 8 * 8 * 3 }, (_, i) => (i * 37) % 256);
  await writeNpy(at("colours.npy"), { shape: [8, 8, 8, 3], data: pictures });
  const options = { data: at("colours.npy"), out: at("recipe"), recipe: "dcl-cifar10", width: 2, size: 8 };
  const [line] = await run("train", { ...options, batch: 4, epochs: 1 });
  expect(JSON.parse(line!)).toMatchObject({ method: "dcl", steps: 2 });
  expect((await readNpy(at("recipe/features.npy"))).shape).toEqual([8, 16]);
});

test("probe takes files, and says what is missing", async () => {
  const options = { features: at("clouds.npy"), labels: at("classes.npy") };
  const [line] = await run("probe", {
    ...options,
    test: at("clouds.npy"),
    "test-labels": at("classes.npy"),
    k: 3,
  });
  expect(JSON.parse(line!)).toEqual({ knn: 1, linear: 1, train: COUNT, test: COUNT });
  await expect(run("probe", { features: at("clouds.npy") })).rejects.toThrow(/labels is undefined/);
  await expect(run("probe", { ...options, labels: at("clouds.npy") })).rejects.toThrow(
    `labels has shape [${COUNT},6]; [${COUNT}] was expected`,
  );
});

test("spectrum draws several files on one axis", async () => {
  const flat = clouds.map((value, i) => (i % 6 < 3 ? value : 0));
  await writeNpy(at("flat.npy"), { shape: [COUNT, 6], data: flat });
  const [line] = await run("spectrum", {
    file: at("clouds.npy"),
    with: at("flat.npy"),
    picture: at("spectra.svg"),
  });
  const rows = JSON.parse(line!);
  expect(rows.map((row: { collapsed: number }) => row.collapsed)).toEqual([0, 3]);
  const svg = readFileSync(at("spectra.svg"), "utf8");
  expect(svg).toContain("3 collapsed");
  expect(svg).toContain("floor");
});

test("cluster writes clusters and a picture, and compares with classes", async () => {
  const options = {
    features: at("clouds.npy"),
    clusters: 2,
    out: at("clusters.npy"),
    steps: 60,
    restarts: 1,
  };
  const pictures = { images: at("pictures.npy"), picture: at("sheet.svg") };
  const [line] = await run("cluster", { ...options, ...pictures, labels: at("classes.npy") });
  const result = JSON.parse(line!);
  expect(result.accuracy).toBe(1);
  expect(result.sizes).toEqual([20, 20]);
  expect((await readNpy(at("clusters.npy"))).shape).toEqual([COUNT]);
  expect(readFileSync(at("sheet.svg"), "utf8")).toContain("Clusters, one a row");
  await expect(run("cluster", { ...options, images: at("pictures.npy") })).rejects.toThrow(/both or none/);
  const [coded] = await run("cluster", { ...options, method: "elastic-net" });
  const { sizes, neighbours } = JSON.parse(coded!);
  expect(sizes[0] + sizes[1]).toBe(COUNT);
  expect(neighbours).toBeGreaterThan(0);
  await expect(run("cluster", { ...options, method: "spectral" })).rejects.toThrow(/method is "spectral"/);
});

test("the toys show collapse and alignment", async () => {
  const [collapse] = await run("toy collapse", { layers: 1, steps: 50, batch: 8 });
  expect(JSON.parse(collapse!).values).toHaveLength(16);
  const [alignment] = await run("toy alignment", { dim: 4, norm: 10 });
  const { alignment: a, drift } = JSON.parse(alignment!);
  expect(Math.abs(a[0])).toBeGreaterThan(0.99);
  expect(drift).toBeLessThan(1e-8);
});

test("bench times both forms of the loss", async () => {
  const [line] = await run("bench", { pairs: 8, dim: 4, repeats: 1 });
  expect(JSON.parse(line!)).toMatchObject({ pairs: 8, dim: 4, repeats: 1 });
});

test("every protocol names an experiment", () => {
  const { options } = commands.find(({ path }) => path.join(" ") === "ssl reproduce")!;
  expect(options.protocol!.choices).toEqual(["p1", "p2", "p3", "p4", "p5", "p6"]);
});
