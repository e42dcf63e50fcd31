import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { device } from "@lab/core";
import type { Experiment } from "@lab/core/experiment";
import { writeSafetensors } from "@lab/core/io";
import { parameters, resnet } from "@lab/core/nn";
import { renderSvg } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, test } from "vitest";
import type { FolderTransferParams, FolderTransferResult } from "../src/experiments/folder-transfer.js";
import { transfer } from "../src/experiments/transfer.js";

const root = mkdtempSync(join(tmpdir(), "lab-paper-"));
afterAll(() => rmSync(root, { recursive: true }));
const recipe = transfer as unknown as Experiment<FolderTransferParams, FolderTransferResult>;

/** A picture of one colour with a diagonal. */
function png(size: number, [r, g, b]: readonly number[], shift: number): Buffer {
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(size * (1 + 3 * size));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const pixel = (x + y + shift) % 9 === 0 ? [255, 255, 255] : [r!, g!, b!];
      rows.set(pixel, y * (1 + 3 * size) + 1 + 3 * x);
    }
  }
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

function pictures(folder: string, perClass: number): void {
  for (const [name, colour] of Object.entries({ red: [200, 20, 20], blue: [20, 20, 200] })) {
    mkdirSync(join(root, folder, name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      writeFileSync(join(root, folder, name, `${i}.png`), png(32, colour, i));
    }
  }
}

/** Weights under PyTorch's names and in its axes. */
async function sourceWeights(path: string): Promise<void> {
  const model = resnet({ depth: 18, width: 4, classes: 2, generator: new Generator(5) });
  const state: Record<string, tf.Tensor> = {};
  const words: Record<string, string> = {
    ...{ kernel: "weight", gamma: "weight", bias: "bias", beta: "bias" },
    ...{ moving_mean: "running_mean", moving_variance: "running_var" },
  };
  for (const [name, value] of parameters(model, "all")) {
    const [layer, kind] = name.split("/") as [string, string];
    const order = { 4: [3, 2, 0, 1], 2: [1, 0], 1: [0] }[value.rank as 1 | 2 | 4];
    state[`${layer}.${words[kind]}`] = tf.transpose(value, order);
  }
  await writeSafetensors(path, state);
}

test("the paper's recipe runs on weights and folders as they are, collects a prior, and goes on from its store", async () => {
  pictures("imagenet/train", 4);
  pictures("flowers/train", 4);
  pictures("flowers/test", 3);
  await sourceWeights(join(root, "resnet50-supervised.safetensors"));
  const params: FolderTransferParams = {
    ...recipe.params("paper"),
    // Smaller in every number, the same in everything else.
    network: { depth: 18, width: 4, size: 32, batch: 4 },
    collection: { start: 2, every: 1, collections: 3, rank: 2, learningRate: 0.01 },
    shots: [2, "all"],
    steps: 3,
    scales: [1e4],
  };
  const store = join(root, "store");
  mkdirSync(store);
  const run = (stopAfter = Number.POSITIVE_INFINITY) => {
    const stop = new AbortController();
    return recipe.run({
      params,
      seed: 1,
      generator: new Generator(1),
      device: device(),
      data: { dir: root },
      store,
      runner: "inline",
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done >= stopAfter) stop.abort(new Error("stopped"));
      },
    });
  };
  await expect(run(4)).rejects.toThrow("stopped");
  expect(readdirSync(store)).toContain("supervised.prior.safetensors");
  const before = tf.memory().numTensors;
  const result = await run();
  expect(tf.memory().numTensors).toBe(before);
  expect(await run()).toEqual(result);
  expect(result.tasks.map(({ source, set, arms }) => [source, set, arms.length])).toEqual([
    ["supervised", "flowers", 4],
  ]);
  const summary = recipe.summarise([{ seed: 1, result: JSON.parse(JSON.stringify(result)) }], "paper");
  expect(summary.table.map((row) => row["examples a class"])).toEqual([2, 2, "all", "all"]);
  for (const figure of summary.figures) expect(renderSvg(figure)).toContain("<svg");
  rmSync(join(root, "flowers"), { recursive: true });
  await expect(run()).rejects.toThrow(/holds none of cifar10\/train.*folder of downstream pictures/);
});
