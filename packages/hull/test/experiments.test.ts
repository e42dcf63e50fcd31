import { device } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { hullColour } from "../src/experiments/hull-colour.js";
import { hullCube } from "../src/experiments/hull-cube.js";
import { hullCurves } from "../src/experiments/hull-curves.js";
import { hullEmbedding } from "../src/experiments/hull-embedding.js";
import { hullFull } from "../src/experiments/hull-full.js";
import { hullNNeeded } from "../src/experiments/hull-n-needed.js";
import { hullPixels } from "../src/experiments/hull-pixels.js";

// Generated pictures, also on a machine that has the real ones.
delete process.env.LAB_DATA_DIR;

const context = (params: unknown) => ({
  params: params as never,
  seed: 1,
  generator: new Generator(1),
  device: device(),
  data: { dir: "/nowhere" },
  store: "",
  runner: "inline" as const,
  signal: new AbortController().signal,
  onProgress: () => {},
});

describe("hull-pixels", () => {
  test("membership collapses on pictures, with every verdict proven", async () => {
    const result = await hullPixels.run(
      context({ numTrain: 1200, numTest: 60, sides: [2, 4, 8, 28], verifyEvery: 5 }),
    );
    const shares = result.rows.map(({ inside }) => inside);
    expect(shares[0]).toBeGreaterThan(52);
    expect(shares.at(-1)).toBe(0);
    expect(result.rows.every(({ undecided, refused }) => undecided === 0 && refused === 0)).toBe(true);
    const summary = hullPixels.summarise([{ seed: 1, result }], "quick");
    expect(summary.verdict).toBe("reproduced");
    expect(summary.table).toHaveLength(4);
    const rising = { ...result, rows: [...result.rows.slice(1), { ...result.rows[0]!, dimension: 900 }] };
    expect(hullPixels.summarise([{ seed: 1, result: rising }], "quick").verdict).toBe("failed");
  });
});

test("hull-cube counts exactly for several seeds, also where directions of vertices tie", async () => {
  const tied = await hullCube.run(context({ cubes: [12], targets: [4] }));
  expect(tied.rows[0]!.extreme).toBe(464);
  for (const seed of [1, 2, 3, 4]) {
    const result = await hullCube.run({ ...context({ cubes: [6, 8], targets: [2, 3, 4] }), seed });
    expect(hullCube.summarise([{ seed, result }], "quick").verdict).toBe("reproduced");
    const wrong = { rows: result.rows.map((row) => ({ ...row, extreme: row.extreme - 1 })) };
    expect(hullCube.summarise([{ seed, result: wrong }], "quick").verdict).toBe("failed");
  }
});

test("hull-curves lies on the exact curves", async () => {
  const params = {
    dimensions: [2, 4],
    counts: [10, 60],
    ambients: [4, 6],
    linearCounts: [63],
    trials: 12,
    queries: 20,
  };
  const result = await hullCurves.run(context(params));
  const summary = hullCurves.summarise([{ seed: 1, result }], "quick");
  expect(summary.verdict).toBe("reproduced");
  expect(summary.table).toHaveLength(12);
  const shifted = { rows: result.rows.map((row) => ({ ...row, rate: row.rate + 0.3 })) };
  expect(hullCurves.summarise([{ seed: 1, result: shifted }], "quick").verdict).toBe("failed");
});

test("hull-n-needed grows by a factor for every dimension", async () => {
  const result = await hullNNeeded.run(context({ gaussian: [2, 5, 10, 20], ball: [2, 4] }));
  const summary = hullNNeeded.summarise([{ seed: 1, result }], "quick");
  expect(summary.verdict).toBe("reproduced");
  expect(summary.figures).toHaveLength(1);
});

test("hull-embedding trains, embeds and leaves no tensor behind", async () => {
  const before = tf.memory().numTensors;
  const result = await hullEmbedding.run(
    context({ numTrain: 640, numTest: 100, widths: [2, 32], epochs: 2 }),
  );
  expect(tf.memory().numTensors).toBe(before);
  const [narrow, wide] = result.rows;
  expect(narrow!.inside).toBeGreaterThan(0.8);
  expect(wide!.inside).toBeLessThan(0.05);
  expect(wide!.accuracy).toBeGreaterThan(0.4);
});

test("hull-full ends near 0 in both subspaces", async () => {
  const result = await hullFull.run(
    context({ numTrain: 600, numTest: 40, components: [2, 20], sizes: [2, 14] }),
  );
  expect(hullFull.summarise([{ seed: 1, result }], "quick").verdict).toBe("reproduced");
});

test("hull-colour ends near 0 in both subspaces and leaves no tensor behind", async () => {
  const before = tf.memory().numTensors;
  const result = await hullColour.run(
    context({ numTrain: 300, numTest: 30, components: [2, 20], sizes: [1, 4, 8] }),
  );
  expect(tf.memory().numTensors).toBe(before);
  expect(result.rows.map(({ subspace }) => subspace)).toEqual(["PCA 2", "PCA 20", "means 1×1", "means 4×4"]);
  expect(hullColour.summarise([{ seed: 1, result }], "quick").verdict).toBe("reproduced");
});
