import { LabError } from "@lab/core";
import { expectClose, mulberry32, numericalGradient } from "@lab/core/testing";
import {
  codeStd,
  decoderFromModel,
  energy,
  type InferOptions,
  infer,
  linearDecoder,
  mlpDecoder,
  proxVarianceHinge,
  spectralNormSquared,
  varianceHinge,
} from "@lab/sparse-coding";
import { inferHost } from "@lab/sparse-coding/host";
import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { describe, expect, test, vi } from "vitest";
import * as fusing from "../src/inference/fused-step.js";
import { draws, lassoInstance, varianceInstance } from "./golden.js";

vi.mock("../src/inference/fused-step.js", { spy: true });

const { problem, init } = varianceInstance();
const weights = { sparsity: 0.02, variance: 10, varianceThreshold: 0.5, prediction: 5 };
const matrix = (values: Float64Array, rows: number) =>
  tf.tensor2d(Float32Array.from(values), [rows, values.length / rows]);
const tensors = () => ({
  y: matrix(problem.y, 8),
  start: matrix(init, 8),
  predicted: matrix(problem.predicted, 8),
  decoder: linearDecoder({ codeDim: 5, dataDim: 6, dictionary: matrix(problem.dictionary, 6) }),
});

describe("the variance hinge", () => {
  const column = () => tf.tensor2d([0, 0, 1, 1], [4, 1]);

  test("value, gradient and deviation are those calculated by hand", async () => {
    await expectClose(codeStd(column()), [0.5773502692]);
    await expectClose(varianceHinge(column(), { threshold: 1 }), 0.178632795);
    const gradient = tf.grad((z: tf.Tensor) => tf.mul(10, varianceHinge(z as tf.Tensor2D, { threshold: 1 })));
    await expectClose(gradient(column()), [2.44016936, 2.44016936, -2.44016936, -2.44016936], {
      relative: 1e-5,
    });
  });

  test("the proximal operator keeps the mean and widens the column", async () => {
    const widened = proxVarianceHinge(column(), 0.1, { threshold: 1, weight: 10 });
    await expectClose(widened, [-0.1464101615, -0.1464101615, 1.1464101615, 1.1464101615]);
    await expectClose(codeStd(widened), [0.7464101615]);
  });

  test("a constant column has no gradient and no NaN", async () => {
    const flat = tf.fill([5, 2], 3) as tf.Tensor2D;
    const gradient = tf.grad((z: tf.Tensor) => varianceHinge(z as tf.Tensor2D));
    await expectClose(gradient(flat), new Float32Array(10));
    await expectClose(proxVarianceHinge(flat, 0.1, { threshold: 1, weight: 10 }), flat);
  });

  test("the gradient agrees with central differences", async () => {
    const next = mulberry32(3);
    const z = Float64Array.from({ length: 12 }, () => 0.5 * next());
    const value = (at: Float64Array) => {
      let sum = 0;
      for (let j = 0; j < 3; j++) {
        const own = [0, 1, 2, 3].map((i) => at[i * 3 + j]!);
        const m = own.reduce((a, b) => a + b) / 4;
        const s = Math.sqrt(own.reduce((a, b) => a + (b - m) ** 2, 0) / 3);
        sum += Math.max(0, 0.5 - s) ** 2;
      }
      return sum;
    };
    const gradient = tf.grad((t: tf.Tensor) => varianceHinge(t as tf.Tensor2D));
    await expectClose(gradient(matrix(z, 4)), numericalGradient(value, z), { absolute: 1e-5 });
  });
});

describe("the golden batch in double precision", () => {
  const path = (options: Parameters<typeof inferHost>[1], at: number[]) => {
    const seen: number[] = [];
    inferHost(problem, { init, ...options, onIteration: (k, e) => at.includes(k) && seen.push(e) });
    return seen;
  };

  test("the constant of descent is that of the specification", () => {
    const { lipschitz, energy: start } = inferHost(problem, { ...weights, init, iterations: 0 });
    expect(lipschitz).toBeCloseTo(10.3890494456, 9);
    expect(start).toBeCloseTo(16.1363089015, 9);
  });

  test("ISTA passes through the energies of the specification", async () => {
    const at = [1, 2, 5, 10, 50, 100, 2000];
    const expected = [
      13.2952736723, 12.4698029768, 11.357046158, 10.6143947663, 9.7928178212, 9.7912284572, 9.7912177912,
    ];
    await expectClose(path({ ...weights, iterations: 2000 }, at), expected, { absolute: 1e-9, relative: 0 });
    const { codes } = inferHost(problem, { ...weights, init, iterations: 2000 });
    expect(codes.filter((z) => z === 0).length / 40).toBe(0.625);
    await expectClose(codeStd(matrix(codes, 8)), [0.2735038, 0.2720732, 0.2598258, 0.2754432, 0.2142487], {
      absolute: 1e-6,
    });
  });

  test("FISTA with the classical sequence does so too", async () => {
    const expected = [13.2399306033, 12.4387427801, 11.0703514658, 10.0963649104, 9.7970857891];
    const seen = path({ ...weights, method: "fista", step: 0.1, iterations: 20 }, [1, 2, 5, 10, 20]);
    await expectClose(seen, expected, { absolute: 1e-9, relative: 0 });
  });

  test("CCCP descends to the same point as ISTA without a prediction", () => {
    const plain = { ...weights, prediction: 0 };
    const ista = inferHost(problem, { ...plain, init, iterations: 5000 });
    expect(ista.energy).toBeCloseTo(5.8612613305, 8);
    const energies = path(
      { ...plain, method: "cccp", iterations: 250 },
      Array.from({ length: 250 }, (_, i) => i + 1),
    );
    for (let i = 1; i < energies.length; i++)
      expect(energies[i]!).toBeLessThanOrEqual(energies[i - 1]! + 1e-10);
    expect(energies.at(-1)!).toBeCloseTo(5.8612613305, 7);
  });

  test("one column and two rows meet the closed form", () => {
    const tiny = {
      y: Float64Array.of(0.3, -0.3),
      dictionary: Float64Array.of(1),
      rows: 2,
      dataDim: 1,
      codeDim: 1,
    };
    const options = {
      sparsity: 0.1,
      variance: 2,
      varianceThreshold: 1,
      positive: false,
      init: Float64Array.of(0.1, -0.1),
      iterations: 2000,
    };
    const { codes, energy: least } = inferHost(tiny, options);
    expect(codes[0]).toBeCloseTo(0.5547378541, 9);
    expect(codes[1]).toBeCloseTo(-0.5547378541, 9);
    expect(least).toBeCloseTo(0.3335954792, 9);
  });

  test("ISTA never raises the energy, near constant columns and far from T included", () => {
    const next = mulberry32(11);
    let steps = 0;
    for (let trial = 0; trial < 100; trial++) {
      const rows = 2 + Math.floor(6 * next());
      const [dataDim, codeDim] = [1 + Math.floor(5 * next()), 1 + Math.floor(5 * next())];
      const draw = (n: number, scale: number) =>
        Float64Array.from({ length: n }, () => scale * (next() - 0.5));
      const random = {
        y: draw(rows * dataDim, 4),
        dictionary: draw(dataDim * codeDim, 3),
        rows,
        dataDim,
        codeDim,
      };
      let last = Number.POSITIVE_INFINITY;
      inferHost(random, {
        sparsity: 0.05 * next(),
        variance: 50 * next(),
        varianceThreshold: [0.1, 0.5, 20][trial % 3]!,
        positive: trial % 2 === 0,
        init: draw(rows * codeDim, [1e-7, 1][trial % 2]!).map((v) => v + 1),
        iterations: 10,
        onIteration: (_, value) => {
          expect(value).toBeLessThanOrEqual(last + 1e-10 * Math.max(1, Math.abs(last)));
          last = value;
          steps++;
        },
      });
    }
    expect(steps).toBe(1000);
  });
});

/** Runs with the fused kernel taken out of the backend. */
async function withoutFusing<T>(body: () => Promise<T>): Promise<T> {
  expect(tf.getKernel("LabSparseStep", tf.getBackend())).toBeDefined();
  const original = vi.mocked(fusing.canFuse).getMockImplementation();
  vi.mocked(fusing.canFuse).mockReturnValue(false);
  vi.mocked(fusing.canFuse).mockClear();
  try {
    return await body();
  } finally {
    expect(fusing.canFuse).toHaveBeenCalled();
    vi.mocked(fusing.canFuse).mockReset();
    if (original) vi.mocked(fusing.canFuse).mockImplementation(original);
  }
}

describe("infer on the device", () => {
  test("the energy has the terms of the specification", async () => {
    const { y, start, predicted, decoder } = tensors();
    const terms = await energy(y, start, decoder, weights, predicted);
    await expectClose(
      [terms.total, terms.reconstruction, terms.sparsity, terms.variance, terms.prediction],
      [16.1363089015, 5.5685938476, 0.02 * 3.1949292362, 9.810380156, 5 * 0.1386872627],
      { relative: 1e-5 },
    );
    const half = await energy(
      y,
      start,
      decoder,
      { sparsity: 0.06, variance: 30, prediction: 6, scaling: "half" },
      predicted,
    );
    expect(half.total / 3).toBeCloseTo(terms.total, 4);
  });

  test("loops of four values take the steps of the engine's kernels", async () => {
    const l = 8;
    const draw = draws(l);
    const floats = (count: number) => Float32Array.from(draw(count));
    const decoder = linearDecoder({
      codeDim: l,
      dataDim: 10,
      dictionary: tf.tensor2d(floats(10 * l), [10, l]),
    });
    const y = tf.tensor2d(floats(120), [12, 10]);
    const init = tf.tensor2d(floats(12 * l), [12, l]);
    const plain = { tolerance: 0, maxIterations: 12, init, stop: "change" } as const;
    // The first call's power iteration starts afresh, the later ones' where the one before ended.
    for (let i = 0; i < 3; i++) await infer(decoder, y, { ...plain, sparsity: 0.05 });
    for (const variance of [0, 5])
      for (const positive of [true, false])
        for (const method of ["fista", "ista"] as const)
          for (const groups of [1, 3]) {
            const options = { ...plain, sparsity: 0.05, variance, positive, method, groups };
            const usual = await infer(decoder, y, options);
            const byCalls = await withoutFusing(() => infer(decoder, y, options));
            await expectClose(usual.codes, byCalls.codes, { absolute: 5e-6 });
            const zeros = async ({ codes }: typeof usual) =>
              (await codes.data()).filter((z) => z === 0).length;
            expect(await zeros(usual)).toBe(await zeros(byCalls));
          }
  });

  test("every method reaches the golden minimum, monotone where it is promised", async () => {
    for (const method of ["ista", "fista", "cccp"] as const) {
      const { y, start, predicted, decoder } = tensors();
      const energies: number[] = [];
      const found = await infer(decoder, y, {
        ...weights,
        method,
        init: start,
        predicted,
        tolerance: 1e-7,
        maxIterations: 4000,
        checkEvery: 1 + 7 * Number(method === "cccp"),
        onIteration: (p) => void energies.push(p.energy!),
      });
      expect(found.energy.total).toBeCloseTo(9.7912177912, 4);
      expect(found.converged).toBe(true);
      if (method !== "fista")
        for (let i = 1; i < energies.length; i++)
          expect(energies[i]!).toBeLessThanOrEqual(energies[i - 1]! + 2e-5);
      expect(found.lipschitz).toBeGreaterThan(10.389);
      expect(found.lipschitz).toBeLessThan(10.8);
    }
  });

  test("a fused step and the engine's own kernels do the same", async () => {
    const { y, start, predicted, decoder } = tensors();
    const deep = mlpDecoder({ codeDim: 5, hidden: [9], dataDim: 6, seed: 2 });
    const both = (o: object) => [
      [decoder, { ...weights, ...o }],
      [deep, { ...weights, sparsity: 0.05, ...o }],
      [deep, { ...weights, variance: 0, ...o }],
      [decoder, { sparsity: 0.05, prediction: 0, stop: "change", ...o }],
    ];
    for (const [model, o] of [
      ...both({ method: "fista" }),
      ...both({ method: "fista", strongConvexity: 0, positive: false }),
      ...both({ method: "ista", restart: false }),
      ...both({ method: "cccp" }),
    ] as [typeof decoder, Parameters<typeof infer>[2]][]) {
      const options = { ...o, predicted, init: start, tolerance: 0, maxIterations: 21, groups: 2 };
      const fused = await infer(model, y, options);
      const engine = await withoutFusing(() => infer(model, y, options));
      await expectClose(fused.codes, engine.codes, { absolute: 2e-5, relative: 1e-4 });
    }
  });

  test("without the variance term the gap certifies the energy", async () => {
    const { y, predicted, decoder } = tensors();
    const plain = { sparsity: 0.02, prediction: 5 };
    const exact = inferHost(problem, { ...plain, iterations: 3000 });
    const found = await infer(decoder, y, { ...plain, predicted, tolerance: 1e-6 });
    const gap = found.gap!.reduce((a, b) => a + b);
    expect(found.converged).toBe(true);
    expect(found.energy.total - exact.energy).toBeLessThanOrEqual(gap + 1e-5);
    for (const g of found.gap!) expect(g).toBeGreaterThan(-1e-5);
  });

  test("with the variance term a batch is more than its rows, and groups are separate batches", async () => {
    const { y, predicted, decoder } = tensors();
    const options = { ...weights, tolerance: 1e-7, maxIterations: 3000 };
    const both = await infer(decoder, tf.concat([y, tf.mul(y, 0.5)]) as tf.Tensor2D, {
      ...options,
      predicted: tf.concat([predicted, predicted]) as tf.Tensor2D,
      groups: 2,
    });
    const first = await infer(decoder, y, { ...options, predicted });
    await expectClose(tf.slice(both.codes, [0, 0], [8, 5]), first.codes, { absolute: 1e-3 });
    const part = await infer(decoder, tf.slice(y, [0, 0], [4, 6]), {
      ...options,
      predicted: tf.slice(predicted, [0, 0], [4, 5]),
    });
    const apart = tf.max(tf.abs(tf.sub(part.codes, tf.slice(first.codes, [0, 0], [4, 5]))));
    expect((await apart.data())[0]!).toBeGreaterThan(0.02);
  });

  test("rows in another order have their codes in that order; momentum ends no higher than plain steps", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const draw = draws(seed);
      const floats = (count: number) => Float32Array.from(draw(count));
      const dictionary = tf.tensor2d(floats(8 * 12), [8, 12]);
      const y = tf.tensor2d(floats(6 * 8), [6, 8]);
      const order = tf.tensor1d([3, 0, 5, 1, 4, 2], "int32");
      const decode = () => linearDecoder({ codeDim: 12, dataDim: 8, dictionary });
      const options: InferOptions = {
        ...{ sparsity: 0.1, variance: seed % 2 === 0 ? 4 : 0, positive: seed > 2 },
        init: tf.fill([6, 12], 0.1) as tf.Tensor2D,
        stop: "change",
        tolerance: 0,
        maxIterations: 60,
      };
      const plain = await infer(decode(), y, { ...options, method: "ista" });
      const moved = await infer(decode(), tf.gather(y, order), { ...options, method: "ista" });
      await expectClose(moved.codes, tf.gather(plain.codes, order), { absolute: 2e-5 });
      // The hinge is not convex: two methods may end at two minima.
      if (options.variance !== 0) continue;
      const fast = await infer(decode(), y, options);
      expect(fast.energy.total).toBeLessThan(plain.energy.total * (1 + 1e-6));
    }
  });

  test("the result does not depend on how often it is checked", async () => {
    const { y, predicted, decoder } = tensors();
    const run = (checkEvery: number) =>
      infer(decoder, y, { ...weights, predicted, tolerance: 1e-7, maxIterations: 2000, checkEvery });
    await expectClose((await run(1)).codes, (await run(13)).codes, { absolute: 1e-3 });
  });

  test("a zero batch has zero codes and converges", async () => {
    const { decoder } = tensors();
    const found = await infer(decoder, tf.zeros([4, 6]), { sparsity: 0.1, stop: "change" });
    expect(found.converged).toBe(true);
    await expectClose(found.codes, new Float32Array(20));
  });

  test("refuses what does not fit, naming it", async () => {
    const { y, decoder } = tensors();
    const refused = async (options: Partial<Parameters<typeof infer>[2]>, text: string, data = y) => {
      const error = await infer(decoder, data, { sparsity: 0.1, ...options }).then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(LabError.is(error)).toBe(true);
      expect(String(error)).toContain(text);
    };
    const before = tf.memory().numTensors;
    await refused({ sparsity: -0.1 }, "sparsity is -0.1");
    await refused({ groups: 3 }, "groups is 3");
    await refused({ step: 0.9 }, 'use step "auto"');
    await refused({ variance: 1, stop: "gap" }, 'stop is "gap"');
    await refused({ prediction: 1 }, "predicted is undefined");
    expect(tf.memory().numTensors).toBe(before);
    await refused({ variance: 1 }, "at least 2 rows", tf.zeros([1, 6]));
    await refused(
      {},
      "NaN at row 1",
      tf.tensor2d([...Array(6).fill(0), Number.NaN, ...Array(5).fill(0)], [2, 6]),
    );
  });

  test("leaves no tensors but the codes, and stops when told", async () => {
    const { y, predicted, decoder } = tensors();
    const before = tf.memory().numTensors;
    (await infer(decoder, y, { ...weights, predicted })).dispose();
    (await infer(decoder, y, { ...weights, predicted, method: "cccp" })).dispose();
    (await infer(decoder, y, { sparsity: 0.1, positive: false })).dispose();
    expect(tf.memory().numTensors).toBe(before);
    await expect(infer(decoder, y, { sparsity: 0.1, signal: AbortSignal.abort() })).rejects.toThrow();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("decoders", () => {
  test("closed-form gradients of a multi-layer decoder agree with the tape, narrow and wide", async () => {
    for (const hidden of [[7], [40], [9, 6]]) {
      const decoder = mlpDecoder({ codeDim: 5, hidden, dataDim: 6, seed: 4 });
      const { y, start } = tensors();
      const prepared = decoder.prepare(y);
      const tape = tf.grad((z: tf.Tensor) =>
        tf.div(tf.sum(tf.square(tf.sub(decoder.decode(z as tf.Tensor2D), y))), 6),
      );
      await expectClose(prepared.gradient(start), tape(start), { absolute: 1e-5 });
      prepared.dispose();
    }
  });

  test("a multi-layer decoder and the same layers model lead to the same codes", async () => {
    const { y } = tensors();
    const decoder = mlpDecoder({ codeDim: 5, hidden: [12], dataDim: 6, seed: 1 });
    const model = sequential({
      layers: [
        layers.dense({ inputShape: [5], units: 12, activation: "relu" }),
        layers.dense({ units: 6, useBias: false }),
      ],
    });
    model.setWeights([decoder.kernels[0]!, decoder.biases[0]!, decoder.kernels[1]!]);
    const options = {
      sparsity: 0.01,
      variance: 10,
      predicted: tf.fill([8, 5], 0.3) as tf.Tensor2D,
      prediction: 2,
      tolerance: 1e-6,
      maxIterations: 400,
    };
    const start = await energy(y, options.predicted, decoder, options, options.predicted);
    const closed = await infer(decoder, y, options);
    const taped = await infer(decoderFromModel(model), y, options);
    expect(closed.energy.total).toBeLessThan(0.95 * start.total);
    expect(taped.energy.total).toBeCloseTo(closed.energy.total, 2);
  });

  test("the norm constraint rescales atoms to the norm, not to at most the norm", async () => {
    const decoder = linearDecoder({ codeDim: 5, dataDim: 6, columnNorm: 1 });
    await expectClose(tf.sum(tf.square(decoder.dictionary), 0), [1, 1, 1, 1, 1], { absolute: 1e-5 });
    const deep = mlpDecoder({ codeDim: 5, hidden: [7], dataDim: 6, columnNorm: 2 });
    for (const kernel of deep.kernels) {
      const rows = kernel.shape[0];
      await expectClose(tf.sum(tf.square(kernel), 1), Array(rows).fill(4), { absolute: 1e-4 });
    }
  });

  test("power iteration finds the spectral norm and goes on from a vector", async () => {
    const { dictionary } = lassoInstance();
    const m = matrix(dictionary, 16);
    const first = await spectralNormSquared(m, { iterations: 60 });
    expect(first.value).toBeCloseTo(3.5927573237, 3);
    const warm = await spectralNormSquared(m, { iterations: 5, init: first.vector });
    expect(warm.value).toBeCloseTo(3.5927573237, 3);
  });
});
