import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { ArgumentError, NumericalError, ShapeError } from "../../src/errors/index.js";
import { knnProbe, linearProbe } from "../../src/metrics/index.js";
import { expectClose, mulberry32 } from "../../src/testing/index.js";

// Predictions and losses of scikit-learn, made by reference/metrics.py.
const golden = JSON.parse(readFileSync(new URL("./reference/metrics.json", import.meta.url), "utf8"));

function uniforms(n: number, seed: number): Float64Array {
  const next = mulberry32(seed);
  return new Float64Array(n).map(() => next());
}

const [DIM, TRAIN, TEST] = [6, 150, 60];

function embeddings() {
  const centres = uniforms(3 * DIM, 30).map((u) => 4 * u);
  const labels = Array.from(uniforms(TRAIN + TEST, 31), (u) => Math.floor(3 * u));
  const z = Float32Array.from(
    uniforms((TRAIN + TEST) * DIM, 32),
    (u, i) => centres[labels[Math.floor(i / DIM)]! * DIM + (i % DIM)]! + 3 * u,
  );
  return {
    train: { x: tf.tensor2d(z.slice(0, TRAIN * DIM), [TRAIN, DIM]), labels: labels.slice(0, TRAIN) },
    test: { x: tf.tensor2d(z.slice(TRAIN * DIM), [TEST, DIM]), labels: labels.slice(TRAIN) },
  };
}

test("nearest neighbours vote as scikit-learn's do", async () => {
  const { train, test: held } = embeddings();
  for (const metric of ["cosine", "euclidean"] as const) {
    const { predictions, accuracy } = await knnProbe(train, held, { k: 7, metric });
    expect([...predictions]).toEqual(golden.knn[metric]);
    const right = predictions.filter((label, i) => label === held.labels[i]).length;
    expect(accuracy).toBe(right / TEST);
  }
  const weighted = await knnProbe(train, held, { k: 7, temperature: 0.01 });
  expect([...weighted.predictions]).toEqual(golden.knn.weighted);
});

test("every training sample is its own nearest neighbour", async () => {
  const { train } = embeddings();
  expect((await knnProbe(train, train, { k: 1 })).accuracy).toBe(1);
  expect((await knnProbe(train, train, { k: TRAIN, temperature: 1e-5 })).accuracy).toBe(1);
});

test("the linear fit reaches the optimum that scikit-learn reaches", async () => {
  const { train, test: held } = embeddings();
  const standardised = await linearProbe(train, held, { l2: 1e-2 });
  expect([...standardised.predictions]).toEqual(golden.standardised.predictions);
  await expectClose(standardised.loss, golden.standardised.loss, { relative: 1e-5 });
  expect(standardised.converged).toBe(true);
  const plain = await linearProbe(train, held, { l2: 1e-2, standardise: false });
  expect([...plain.predictions]).toEqual(golden.plain.predictions);
  await expectClose(plain.loss, golden.plain.loss, { relative: 1e-5 });
});

test("the probes stop when asked, report, and leave no tensors behind", async () => {
  const { train, test: held } = embeddings();
  const before = tf.memory().numTensors;
  const seen: number[] = [];
  await linearProbe(train, held, {
    maxIterations: 3,
    onProgress: ({ metrics }) => seen.push(metrics!.loss!),
  });
  expect(seen.length).toBe(3);
  expect(seen[2]).toBeLessThan(seen[0]!);
  await knnProbe(train, held, { metric: "euclidean" });
  const signal = AbortSignal.abort(new RangeError("stop"));
  await expect(linearProbe(train, held, { signal })).rejects.toThrow("stop");
  await expect(knnProbe(train, held, { signal })).rejects.toThrow("stop");
  expect(tf.memory().numTensors).toBe(before);
});

test("constant dimensions and a single class are no trouble", async () => {
  const x = tf.tensor2d([
    [1, 0],
    [1, 1],
    [1, 2],
    [1, 3],
  ]);
  const { accuracy } = await linearProbe({ x, labels: [0, 0, 1, 1] }, { x, labels: [0, 0, 1, 1] });
  expect(accuracy).toBe(1);
  expect((await linearProbe({ x, labels: [0, 0, 0, 0] }, { x, labels: [0, 0, 0, 0] })).accuracy).toBe(1);
  expect(
    (await knnProbe({ x: tf.zeros([2, 2]), labels: [1, 1] }, { x, labels: [1, 1, 1, 1] })).accuracy,
  ).toBe(1);
});

test("what does not fit is refused", async () => {
  const { train, test: held } = embeddings();
  const narrow = { x: tf.zeros([2, 3]) as tf.Tensor2D, labels: [0, 1] };
  await expect(knnProbe(train, narrow)).rejects.toThrow(/test.x has shape \[2,3\]/);
  await expect(knnProbe({ ...train, labels: [1] }, held)).rejects.toThrow(ShapeError);
  await expect(knnProbe(train, held, { k: 151 })).rejects.toThrow(/k is 151/);
  await expect(knnProbe(train, held, { metric: "euclidean", temperature: 1 })).rejects.toThrow(ArgumentError);
  await expect(linearProbe(train, held, { l2: -1 })).rejects.toThrow(ArgumentError);
  const infinite = { ...train, x: tf.fill([TRAIN, DIM], Number.POSITIVE_INFINITY) as tf.Tensor2D };
  await expect(linearProbe(infinite, held)).rejects.toThrow(NumericalError);
});
