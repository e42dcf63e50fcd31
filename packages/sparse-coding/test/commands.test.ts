import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { device } from "@lab/core";
import type { OptionValues } from "@lab/core/experiment";
import { readNpy, writeNpy } from "@lab/core/io";
import { strokes } from "@lab/sparse-coding";
import { commands } from "@lab/sparse-coding/commands";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";

function runner() {
  const lines: string[] = [];
  const run = (name: string, given: OptionValues, signal = new AbortController().signal) => {
    const command = commands.find((c) => c.path[1] === name)!;
    const defaults = Object.fromEntries(
      Object.entries(command.options).map(([key, spec]) => [key, spec.default]),
    );
    return command.run({
      options: { ...defaults, ...given },
      init: async () => device(),
      runner: "inline",
      signal,
      onProgress: () => {},
      print: (line) => lines.push(line),
      json: true,
    });
  };
  return { run, lines };
}

test("a dictionary is learned from a file, drawn, and used to code", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lab-"));
  const at = (name: string) => join(folder, name);
  await writeNpy(at("y.npy"), { shape: [60, 64], data: strokes({ count: 60, seed: 1, size: 8 }) });
  const { run, lines } = runner();
  const learned = { data: at("y.npy"), out: at("d.npy"), atoms: 9, iterations: 2, picture: at("d.svg") };
  expect(await run("learn", learned)).toBe(0);
  expect((await readNpy(at("d.npy"))).shape).toEqual([64, 9]);
  expect(await readFile(at("d.svg"), "utf8")).toContain("<svg");
  const coded = {
    data: at("y.npy"),
    dictionary: at("d.npy"),
    out: at("z.npy"),
    algorithm: "omp",
    nonzero: 2,
  };
  expect(await run("encode", coded)).toBe(0);
  const { data, shape } = await readNpy(at("z.npy"));
  expect(shape).toEqual([60, 9]);
  for (let n = 0; n < 60; n++) {
    const row = Array.from(data.subarray(n * 9, (n + 1) * 9) as Float32Array);
    expect(row.filter((v) => v !== 0).length).toBeLessThanOrEqual(2);
  }
  expect(JSON.parse(lines[1]!).zeros).toBeGreaterThan(0.7);
});

test("a run is trained, taken up again, denoises and is reported", async () => {
  const out = join(await mkdtemp(join(tmpdir(), "lab-")), "run");
  const { run, lines } = runner();
  const trained = { data: "strokes", out, epochs: 5, count: 500, preset: "SDL" };
  const before = tf.memory().numTensors;
  expect(await run("train", trained)).toBe(0);
  expect(await run("train", { ...trained, epochs: 11 })).toBe(0);
  const trace = JSON.parse(await readFile(join(out, "trace.json"), "utf8")) as { step: number }[];
  expect(trace.map(({ step }) => step)).toEqual([1, 11, 21]);
  expect(JSON.parse(lines[1]!)).toMatchObject({ epochs: 11, best: { epoch: 11 } });
  expect(await run("denoise", { run: out, sigma: 0.5 })).toBe(0);
  const noise = JSON.parse(lines[2]!);
  expect(noise.noisyPsnr).toBeCloseTo(20 * Math.log10(1 / (0.5 * 0.272)), 0);
  const curve = { data: "strokes", out: join(out, "curve"), lambdas: "0.01,0.05", epochs: 1, count: 250 };
  expect(await run("curve", curve)).toBe(0);
  const stopped = AbortSignal.abort();
  // The points are there: nothing is trained that the signal could stop.
  expect(await run("curve", curve, stopped)).toBe(0);
  expect(lines[4]).toBe(lines[3]);
  const points = JSON.parse(lines[3]!) as { inferredZeros: number }[];
  expect(points[1]!.inferredZeros).toBeGreaterThan(points[0]!.inferredZeros);
  expect(await run("report", { run: out, curve: join(out, "curve") })).toBe(0);
  expect(await readFile(join(out, "report.html"), "utf8")).toContain("Reconstruction against sparsity");
  await expect(run("report", { run: join(out, "nowhere") })).rejects.toThrow("lab sparse train");
  await expect(run("curve", { ...curve, lambdas: "a,b" })).rejects.toThrow('lambdas is "a,b"');
  expect(tf.memory().numTensors).toBe(before);
});
