import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandContext } from "@lab/core/experiment";
import { encodePng } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, test } from "vitest";
import { commands } from "../src/commands/index.js";
import { type ClassSweepOptions, classSweep } from "../src/index.js";
import { drawViews } from "../src/sweep/transform-spec.js";

const folder = mkdtempSync(join(tmpdir(), "lab-folder-training-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pictures of 20×16 pixels, dark or bright, in the layout of ImageNet. */
function pictures(name: string, counts: { train: number; val: number }): string {
  const dir = join(folder, name);
  const generator = new Generator(4);
  for (const [part, count] of Object.entries(counts))
    for (const [level, kind] of ["dark", "bright"].entries()) {
      mkdirSync(join(dir, part, kind), { recursive: true });
      for (let n = 0; n < count; n++) {
        const data = Uint8ClampedArray.from(generator.float64(20 * 16 * 3), (u) => 60 * u + 150 * level);
        writeFileSync(
          join(dir, part, kind, `${n}.png`),
          encodePng({ width: 20, height: 16, channels: 3, data }),
        );
      }
    }
  return dir;
}

const small = { depth: 18, width: 2, stored: 36, size: 32, testSize: 32, batch: 4, epochs: 3 };

test("resnet-folder learns from pictures of a folder, stops and goes on to the same predictions", async () => {
  const dir = pictures("plain", { train: 4, val: 3 });
  const before = tf.memory().numTensors;
  const sweep = (store: string, more: Partial<ClassSweepOptions> = {}) =>
    classSweep({
      settings: [{ name: "flip", transform: { crop: { scale: [0.5, 1] }, flip: 0.5 } }],
      seeds: [1],
      handler: "resnet-folder",
      store: join(folder, store),
      options: { ...small, dir, checkpoints: join(folder, store, "states") },
      ...more,
    });
  const straight = await sweep("straight");
  expect(straight.labels).toEqual([0, 0, 0, 1, 1, 1]);
  expect(straight.classNames).toEqual(["bright", "dark"]);
  expect(straight.runs[0]!.predictions).toEqual([0, 0, 0, 1, 1, 1]);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stopped")), 400);
  await sweep("stopped", { signal: stop.signal }).catch(() => {});
  expect((await sweep("stopped")).runs).toEqual(straight.runs);
  expect(tf.memory().numTensors).toBe(before);
  await expect(sweep("straight", { options: small })).rejects.toThrow("options.dir is undefined");
  await expect(sweep("straight", { options: { ...small, dir: folder } })).rejects.toThrow(
    join(folder, "train"),
  );
  await expect(sweep("straight", { options: { ...small, dir, depth: 20 } })).rejects.toThrow("options.depth");
});

test("lab run da-imagenet sweeps crops and prints the audit", async () => {
  const dir = pictures("command", { train: 2, val: 2 });
  const command = commands.find(({ path }) => path.join(" ") === "run da-imagenet")!;
  const lines: string[] = [];
  const out = join(folder, "out");
  const lab = (options: Record<string, unknown>) =>
    command.run({
      options: { ...small, data: dir, seeds: 2, epochs: 1, scale: "0.3,1", out, ...options },
      runner: "inline",
      signal: new AbortController().signal,
      onProgress: () => {},
      print: (line: string) => lines.push(line),
      json: false,
    } as unknown as CommandContext);
  expect(await lab({})).toBe(0);
  expect(lines.join("\n")).toContain("Class audit against setting 1");
  expect(lines.join("\n")).toMatch(/\| 0\.3 \| 2 \|/);
  expect(readdirSync(join(out, "da-imagenet")).filter((name) => name.endsWith(".json"))).toHaveLength(4);
  await expect(lab({ scale: "0.3,2" })).rejects.toThrow('--scale is "0.3,2"; two or more shares');
});

test("smaller views are the picture at larger cells", () => {
  const x = Float32Array.from({ length: 64 }, (_, at) => at % 8);
  const images = { x, labels: Int32Array.of(0), shape: [8, 8, 1] as const };
  const out = drawViews(images, [0], undefined, new Generator(1), [4, 4]);
  expect(Array.from(out.subarray(0, 4))).toEqual([0.5, 2.5, 4.5, 6.5]);
});
