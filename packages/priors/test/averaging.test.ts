import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assign, mlp, parameters } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, expect, test } from "vitest";
import {
  bayesianModelAverage,
  GaussianPrior,
  ggnDiagonal,
  isotropic,
  logEvidence,
  type Sample,
  sampleSghmc,
  tuneScale,
  withPrior,
} from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "lab-sampling-"));
afterAll(() => rmSync(folder, { recursive: true }));

const inputs = () => new Generator(2).normal([7, 3]);

function sampleOf(seed: number): Sample {
  const model = mlp({ sizes: [3, 4, 2], generator: new Generator(seed) });
  return { index: seed, step: seed, cycle: 0, parameters: parameters(model) };
}

test("the average of identical samples is the prediction of one", async () => {
  const model = mlp({ sizes: [3, 4, 2] });
  const sample = sampleOf(5);
  const average = await bayesianModelAverage(model, [sample, sample, sample], inputs(), { batchSize: 3 });
  assign(model, sample.parameters);
  await expectClose(average, tf.softmax(model.apply(inputs()) as tf.Tensor));
});

test("a stream gives what an array gives, and the model keeps its own parameters", async () => {
  const model = mlp({ sizes: [3, 4, 2], generator: new Generator(9) });
  const before = await (model.apply(inputs()) as tf.Tensor).data();
  const samples = [1, 2, 3].map(sampleOf);
  async function* stream() {
    for (const sample of samples) {
      yield {
        ...sample,
        parameters: new Map([...sample.parameters].map(([name, value]) => [name, tf.clone(value)])),
      };
    }
  }
  const fromArray = await bayesianModelAverage(model, samples, inputs());
  await expectClose(await bayesianModelAverage(model, stream(), inputs()), fromArray);
  await expectClose(await tf.sum(fromArray, 1).data(), new Array(7).fill(1));
  expect([...(await (model.apply(inputs()) as tf.Tensor).data())]).toEqual([...before]);
  await expect(bayesianModelAverage(model, [], inputs())).rejects.toThrow("samples holds none");
});

test("batch-norm statistics are recomputed for every sample", async () => {
  const model = mlp({ sizes: [3, 4, 2], batchNorm: true });
  const [first] = [...parameters(model, (name) => name.includes("kernel")).keys()];
  const kernel = parameters(model).get(first!)!;
  const sample = { index: 0, step: 0, cycle: 0, parameters: new Map([[first!, tf.mul(kernel, 10)]]) };
  const x = new Generator(3).normal([64, 3], 2, 1);
  const stale = await bayesianModelAverage(model, [sample], x);
  const fresh = await bayesianModelAverage(model, [sample], x, { updateBatchNorm: x, batchSize: 64 });
  assign(model, sample.parameters);
  const trained = tf.softmax(model.apply(x, { training: true }) as tf.Tensor);
  await expectClose(fresh, trained, { absolute: 2e-2 });
  const apart = Math.max(...(await tf.abs(tf.sub(stale, trained)).data()));
  expect(apart).toBeGreaterThan(0.05);
});

const problem = () => {
  const model = mlp({ sizes: [3, 2], generator: new Generator(1) });
  const live = parameters(model);
  const x = new Generator(4).normal([10, 3]);
  const y = tf.oneHot(tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1, 0, 1], "int32"), 2);
  const nll = () => tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(model.apply(x) as tf.Tensor2D), y), 1)));
  const loss = withPrior(nll, isotropic(live, { variance: 1 }), { dataSize: 10, parameters: live });
  return { model, loss };
};
const settings = { dataSize: 10, steps: 60, cycles: 2, samples: 6, learningRate: 0.05, burnIn: 5 };

test("samples come in order, evenly after the exploration of each cycle", async () => {
  const { model, loss } = problem();
  const samples: Sample[] = [];
  for await (const sample of sampleSghmc(model, loss, () => 0, { ...settings, generator: new Generator(1) }))
    samples.push(sample);
  expect(samples.map(({ step }) => step - 5)).toEqual([14, 22, 30, 44, 52, 60]);
  expect(samples.map(({ cycle }) => cycle)).toEqual([0, 0, 0, 1, 1, 1]);
  const values = await Promise.all(samples.map(({ parameters }) => [...parameters.values()][0]!.data()));
  expect(new Set(values.map(String)).size).toBe(6);
});

test("a sampler that is stopped goes on with the same samples", async () => {
  const collect = async (store: string | undefined, stopAfter = Number.POSITIVE_INFINITY) => {
    const { model, loss } = problem();
    const rows: number[][] = [];
    const options = { ...settings, generator: new Generator(7), ...(store ? { store } : {}) };
    for await (const sample of sampleSghmc(model, loss, () => 0, options)) {
      rows.push(Array.from(Float32Array.from(await [...sample.parameters.values()][0]!.data())));
      if (rows.length === stopAfter) break;
    }
    return rows;
  };
  const undisturbed = await collect(undefined);
  const store = join(folder, "run");
  await collect(store, 2);
  await collect(store, 4);
  expect(await collect(store)).toEqual(undisturbed);
  expect(readdirSync(store).filter((name) => name.startsWith("velocity"))).toHaveLength(1);
});

test("a sampler takes the data size from a loss that withPrior made, and asks for it otherwise", async () => {
  const { dataSize, ...rest } = settings;
  const draw = async (isWrapped: boolean, options: object) => {
    const { model, loss } = problem();
    const step = isWrapped ? () => loss(0) : loss;
    const run = sampleSghmc(model, step, () => 0, { ...rest, generator: new Generator(7), ...options });
    const { value } = await run.next();
    await run.return(undefined);
    return [...(await [...(value as Sample).parameters.values()][0]!.data())];
  };
  const short = await draw(false, {});
  expect(short).toEqual(await draw(true, { dataSize }));
  expect(short).not.toEqual(await draw(false, { dataSize: 500 }));
  await expect(draw(true, {})).rejects.toThrow("dataSize is undefined");
});

test("an aborted sampler rejects with the reason, and a diverging one names the step", async () => {
  const { model, loss } = problem();
  const first = async (options: object, data: () => number) => {
    for await (const _ of sampleSghmc(model, (b: number) => tf.mul(loss(b).loss, b), data, {
      ...settings,
      generator: new Generator(1),
      ...options,
    })) {
      // until it ends
    }
  };
  await expect(first({ signal: AbortSignal.abort(new Error("enough")) }, () => 1)).rejects.toThrow("enough");
  await expect(first({}, () => Number.NaN)).rejects.toThrow("sampleSghmc: the loss is NaN at step 1");
  await expect(first({ samples: 100 }, () => 1)).rejects.toThrow("samples is 100");
});

test("the scale with the best held-out likelihood wins, NaN never does", async () => {
  const prior = GaussianPrior.from({ mean: new Float32Array(2), variance: new Float32Array(2).fill(2) });
  const objective = (log: number) => (log > 3 ? Number.NaN : (log - 1) ** 2);
  const progress: number[] = [];
  const { best, curve } = await tuneScale({
    prior,
    scales: [1, 10, 100, 1e4],
    folds: 2,
    fit: async (scaled, _signal, fold) => {
      const { max } = await scaled.precisionRange();
      return { nll: objective(Math.log10(1 / max)) + fold };
    },
    onProgress: ({ done }) => progress.push(done),
  });
  expect(best).toBe(10);
  expect(curve.map((point) => point.scale)).toEqual([1, 10, 100, 1e4]);
  expect(curve[0]!.score.nll).toBeCloseTo(1.5, 6);
  expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await expect(tuneScale({ prior, scales: [], fit: async () => ({}) })).rejects.toThrow("scales is empty");
  await expect(tuneScale({ prior, scales: [1], fit: async () => ({ accuracy: 1 }) })).rejects.toThrow(
    "answered no nll",
  );
});

test("a function cannot go to another process", async () => {
  const prior = GaussianPrior.from({ mean: new Float32Array(2), variance: new Float32Array(2).fill(2) });
  const options = { prior, scales: [1], fit: async () => ({ nll: 1 }) };
  await expect(tuneScale({ ...options, runner: "threads:2" })).rejects.toThrow(
    "fit is a function, which another process cannot take",
  );
  await expect(tuneScale({ ...options, store: "somewhere" })).rejects.toThrow("which a store cannot take");
});

test("the Gauss–Newton diagonal of a linear classifier is the closed form", async () => {
  const model = mlp({ sizes: [3, 2], bias: false });
  const x = new Generator(4).normal([5, 3]);
  const [computed] = ggnDiagonal(model, x).values();
  const p = tf.softmax(model.apply(x) as tf.Tensor2D);
  // d²/dw² of the cross-entropy of a linear classifier: Σ x² p (1 − p).
  const expected = tf.matMul(
    tf.transpose(tf.square(x as tf.Tensor2D)),
    tf.mul(p, tf.sub(1, p)) as tf.Tensor2D,
  );
  await expectClose(computed!, expected, { relative: 1e-4 });
});

test("the Laplace evidence of a Bayesian linear model is exact", async () => {
  // y = w + noise of variance 1, one observation of each of two weights, prior N(0, Σ): p(y) = N(0, Σ + I).
  const y = [1.5, -0.5];
  const U = [
    [0.6, 0.3],
    [-0.2, 0.5],
  ];
  const prior = GaussianPrior.from({
    mean: new Float32Array(2),
    variance: Float32Array.from([1, 2]),
    deviations: tf.tensor2d(U),
  });
  const sigma = [0, 1].map((i) =>
    [0, 1].map((j) => U.reduce((s, row) => s + row[i]! * row[j]!, 0) + (i === j ? [0.5, 1][i]! : 0)),
  );
  const [[a, b], [, d]] = [
    [sigma[0]![0]! + 1, sigma[0]![1]!],
    [0, sigma[1]![1]! + 1],
  ] as [[number, number], [number, number]];
  const det = a * d - b * b;
  const quadratic = (d * y[0]! ** 2 - 2 * b * y[0]! * y[1]! + a * y[1]! ** 2) / det;
  const expected = -0.5 * (quadratic + Math.log(det) + 2 * Math.log(2 * Math.PI));
  // The MAP: Σ (Σ + I)⁻¹ y.
  const v = [(d * y[0]! - b * y[1]!) / det, (a * y[1]! - b * y[0]!) / det];
  const map = sigma.map((row) => row[0]! * v[0]! + row[1]! * v[1]!);
  const nll = map.reduce((s, w, i) => s + 0.5 * (y[i]! - w) ** 2 + 0.5 * Math.log(2 * Math.PI), 0);
  const value = await logEvidence(prior, {
    nll,
    parameters: new Map([["parameters", tf.tensor1d(map)]]),
    curvature: new Map([["parameters", tf.ones([2])]]),
  });
  expect(value).toBeCloseTo(expected, 5);
});
