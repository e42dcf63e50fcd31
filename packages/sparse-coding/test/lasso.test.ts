import { LabError } from "@lab/core";
import { expectClose } from "@lab/core/testing";
import { alphaMax, dualityGap, lassoPath, type SparseEncodeOptions, sparseEncode } from "@lab/sparse-coding";
import { inferHost, lassoHost } from "@lab/sparse-coding/host";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test, vi } from "vitest";
import { gramHost } from "../src/inference/gram-host.js";
import { rowSolver } from "../src/lasso/coordinate-descent.js";
import { ROW_MODULE } from "../src/lasso/row-module.js";
import { draws, lassoInstance } from "./golden.js";
import scikit from "./reference/scikit.json" with { type: "json" };

const instance = lassoInstance();
const tensors = () => ({
  y: tf.tensor2d(Float32Array.from(instance.y), [10, 16]),
  dictionary: tf.tensor2d(Float32Array.from(instance.dictionary), [16, 24]),
});
const perRow = (codes: ArrayLike<number>, l = 24) =>
  Array.from(
    { length: codes.length / l },
    (_, n) =>
      Array.from(codes)
        .slice(n * l, (n + 1) * l)
        .filter((v) => v !== 0).length,
  );
const l1 = (codes: ArrayLike<number>) => Array.from(codes).reduce((s, v) => s + Math.abs(v), 0);

function primal(codes: Float64Array, alpha: number) {
  const { y, dictionary } = instance;
  let sum = alpha * l1(codes);
  for (let n = 0; n < 10; n++)
    for (let k = 0; k < 16; k++) {
      let r = y[n * 16 + k]!;
      for (let j = 0; j < 24; j++) r -= dictionary[k * 24 + j]! * codes[n * 24 + j]!;
      sum += 0.5 * r * r;
    }
  return sum;
}

describe("the golden lasso", () => {
  test("has the draws of the specification", async () => {
    expect(instance.y[0]).toBeCloseTo(0.019566, 6);
    expect(instance.dictionary[0]).toBeCloseTo(0.036463, 6);
    await expectClose(Array.from(draws(1)(3)), [1.4043387784, 1.2157546193, -0.5103768769], {
      absolute: 1e-9,
    });
  });

  test("is solved to its objective, signed and non-negative, with exact zeros", async () => {
    const signed = lassoHost(instance, { alpha: 0.5, tolerance: 1e-14 });
    await expectClose([primal(signed.codes, 0.5), l1(signed.codes)], [45.6402101965, 52.6788487783], {
      absolute: 1e-8,
      relative: 0,
    });
    expect(perRow(signed.codes)).toEqual([5, 8, 12, 8, 9, 5, 10, 11, 8, 6]);
    const positive = lassoHost(instance, { alpha: 0.5, positive: true, tolerance: 1e-14 });
    // The gap below certifies the objective to 1e-12; scikit-learn's solution has the same one.
    expect(primal(Float64Array.from(scikit.lassoPositive), 0.5)).toBeCloseTo(51.4245422784, 8);
    await expectClose([primal(positive.codes, 0.5), l1(positive.codes)], [51.4245422784, 40.3538488274], {
      absolute: 1e-8,
      relative: 0,
    });
    expect(perRow(positive.codes)).toEqual([4, 5, 10, 6, 4, 1, 8, 6, 4, 5]);
    for (const gap of [...signed.gap, ...positive.gap]) expect(gap).toBeLessThan(1e-12);
  });

  test("agrees with scikit-learn's Lasso to 1e-9", async () => {
    for (const positive of [false, true]) {
      const found = lassoHost(instance, { alpha: 0.5, positive, tolerance: 1e-15 });
      await expectClose(found.codes, positive ? scikit.lassoPositive : scikit.lasso, { absolute: 1e-7 });
    }
  });

  test("satisfies the conditions of optimality", () => {
    const { codes } = lassoHost(instance, { alpha: 0.5, tolerance: 1e-15 });
    const { y, dictionary } = instance;
    for (let n = 0; n < 10; n++)
      for (let j = 0; j < 24; j++) {
        let c = 0;
        for (let k = 0; k < 16; k++) {
          let r = y[n * 16 + k]!;
          for (let i = 0; i < 24; i++) r -= dictionary[k * 24 + i]! * codes[n * 24 + i]!;
          c += dictionary[k * 24 + j]! * r;
        }
        const z = codes[n * 24 + j]!;
        if (z === 0) expect(Math.abs(c)).toBeLessThanOrEqual(0.5 + 1e-6);
        else expect(c).toBeCloseTo(0.5 * Math.sign(z), 5);
      }
  });

  test("FISTA, CCCP, coordinate descent and the mean scaling agree", async () => {
    for (const positive of [false, true]) {
      const exact = lassoHost(instance, { alpha: 0.5, positive, tolerance: 1e-15 }).codes;
      // λ = 2α/d
      const host = inferHost(instance, { sparsity: 0.0625, positive, method: "fista", iterations: 4000 });
      await expectClose(host.codes, exact, { absolute: 1e-6 });
      const convex = inferHost(instance, { sparsity: 0.0625, positive, method: "cccp", iterations: 12 });
      await expectClose(convex.codes, exact, { absolute: 1e-6 });
      const { y, dictionary } = tensors();
      for (const algorithm of ["cd", "fista"] as const) {
        const coded = await sparseEncode(y, dictionary, {
          algorithm,
          alpha: 0.5,
          positive,
          tolerance: 1e-6,
          maxIterations: 4000,
        });
        expect(primal(Float64Array.from(await coded.codes.data()), 0.5)).toBeCloseTo(primal(exact, 0.5), 3);
      }
    }
  });

  test("the spectral norm is that of the specification", () => {
    const { lipschitz } = inferHost(instance, { sparsity: 1, iterations: 0 });
    expect((lipschitz * 16) / 2).toBeCloseTo(3.5927573237, 8);
  });

  test("the largest weight leaves all codes zero, a little less leaves one", async () => {
    const { y, dictionary } = tensors();
    for (const positive of [false, true]) {
      const top = await alphaMax(y, dictionary, { positive });
      expect((2 * top) / 16).toBeCloseTo(0.3412268373, 6);
      const count = (factor: number) =>
        perRow(lassoHost(instance, { alpha: top * factor, positive }).codes).reduce((a, b) => a + b);
      expect(count(1.0001)).toBe(0);
      expect(count(0.999)).toBe(1);
    }
  });
});

describe("the golden gap with a prediction", () => {
  const predicted = draws(9)(240).map((v) => 0.2 * Math.abs(v));
  const options = { sparsity: 0.0625, prediction: 3 };
  const after = (iterations: number) => inferHost({ ...instance, predicted }, { ...options, iterations });
  const total = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

  test("falls along ISTA as in the specification, to its energy", () => {
    const gaps = [0, 10, 50].map((iterations) => total(after(iterations).gap!));
    expect(gaps[0]!).toBeCloseTo(6.48647091, 7);
    expect(gaps[1]!).toBeCloseTo(0.0063261, 7);
    expect(gaps[2]! / 3.5e-11).toBeCloseTo(1, 1);
    const { energy, lipschitz } = after(2000);
    expect(energy).toBeCloseTo(8.5065945617, 9);
    // κ = L over the strong convexity 2 γ / l
    expect(lipschitz / 0.25).toBeCloseTo(2.79638, 5);
  });

  test("bounds what is left to gain, and certifies the distance to the solution", () => {
    const best = after(2000);
    for (const iterations of [0, 1, 3, 10, 30]) {
      const { energy, codes, gap } = after(iterations);
      expect(energy - best.energy).toBeLessThanOrEqual(total(gap!) + 1e-12);
      for (const value of gap!) expect(value).toBeGreaterThanOrEqual(-1e-9);
      for (let n = 0; n < 10; n++) {
        let square = 0;
        for (let i = n * 24; i < (n + 1) * 24; i++) square += (codes[i]! - best.codes[i]!) ** 2;
        expect(square).toBeLessThanOrEqual((2 * gap![n]!) / 0.25 + 1e-12);
      }
    }
  });
});

describe("coordinate descent", () => {
  test("one atom has the closed form", () => {
    const one = {
      y: Float64Array.of(3, 1, -2, 0),
      dictionary: Float64Array.of(2, 1),
      rows: 2,
      dataDim: 2,
      codeDim: 1,
    };
    const shrink = (x: number, positive: boolean) =>
      (Math.max(0, x - 0.5) - (positive ? 0 : Math.max(0, -x - 0.5))) / 5;
    for (const positive of [false, true]) {
      const { codes } = lassoHost(one, { alpha: 0.5, positive });
      expect(codes[0]).toBeCloseTo(shrink(7, positive), 12);
      expect(codes[1]).toBeCloseTo(shrink(-4, positive), 12);
    }
  });

  test("without an l1 norm it is least squares, or non-negative least squares", async () => {
    const tall = {
      y: instance.y.slice(0, 80),
      dictionary: draws(3)(16 * 6),
      rows: 5,
      dataDim: 16,
      codeDim: 6,
    };
    const residual = (codes: Float64Array, n: number, j: number) => {
      let sum = 0;
      for (let k = 0; k < 16; k++) {
        let r = tall.y[n * 16 + k]!;
        for (let i = 0; i < 6; i++) r -= tall.dictionary[k * 6 + i]! * codes[n * 6 + i]!;
        sum += tall.dictionary[k * 6 + j]! * r;
      }
      return sum;
    };
    for (const positive of [false, true]) {
      const { codes, gap } = lassoHost(tall, { alpha: 0, positive, tolerance: 1e-15 });
      for (let n = 0; n < 5; n++) {
        expect(gap[n]).toBeLessThan(1e-12);
        for (let j = 0; j < 6; j++) {
          const c = residual(codes, n, j);
          if (codes[n * 6 + j] === 0) expect(c).toBeLessThan(1e-6);
          else expect(c).toBeCloseTo(0, 6);
        }
      }
      const device = await sparseEncode(
        tf.tensor2d(Float32Array.from(tall.y), [5, 16]),
        tf.tensor2d(Float32Array.from(tall.dictionary), [16, 6]),
        { algorithm: "fista", alpha: 0, positive, tolerance: 1e-9, maxIterations: 3000 },
      );
      await expectClose(device.codes, codes, { absolute: 1e-3 });
    }
  });

  test("screening never takes out an atom of the solution, over random problems", () => {
    let screened = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const draw = draws(seed);
      const [d, l] = [4 + (seed % 5), 6 + (seed % 17)];
      const [y, dictionary] = [draw(d), draw(d * l)];
      const [positive, alpha] = [seed % 2 === 0, 0.2 + (seed % 7) / 3];
      const { gram, target } = gramHost({ y, dictionary, rows: 1, dataDim: d, codeDim: l }, 1);
      const scale = y.reduce((sum, v) => sum + v * v, 0);
      const z = new Float64Array(l);
      const weights = new Float64Array(l).fill(alpha);
      const solver = rowSolver({ gram, alpha: weights, positive, tolerance: 1e-14, maxSweeps: 10_000 });
      // The gap is that of all atoms, screened or not: it certifies the solution.
      expect(solver.solve(target, scale, z).gap).toBeLessThan(1e-10);
      const slopes = target.map((b, j) => b - z.reduce((sum, v, k) => sum + v * gram[j * l + k]!, 0));
      for (const [j, isOut] of solver.isOut.entries()) {
        screened += isOut;
        if (isOut) expect(positive ? slopes[j]! : Math.abs(slopes[j]!)).toBeLessThan(alpha);
      }
    }
    expect(screened).toBeGreaterThan(200);
  });
});

describe("coordinate descent by vector instructions", () => {
  /** Random data, atoms of norm 1. */
  const problem = (rows: number, d: number, l: number, seed: number) => {
    const draw = draws(seed);
    const dictionary = draw(d * l);
    for (let j = 0; j < l; j++) {
      let norm = 0;
      for (let k = 0; k < d; k++) norm += dictionary[k * l + j]! ** 2;
      for (let k = 0; k < d; k++) dictionary[k * l + j]! /= Math.sqrt(norm);
    }
    return { y: draw(rows * d), dictionary, rows, dataDim: d, codeDim: l };
  };
  const encode = (p: ReturnType<typeof problem>, options: SparseEncodeOptions) =>
    sparseEncode(
      tf.tensor2d(Float32Array.from(p.y), [p.rows, p.dataDim]),
      tf.tensor2d(Float32Array.from(p.dictionary), [p.dataDim, p.codeDim]),
      { algorithm: "cd", ...options },
    );

  test.each([1, 15, 16, 17, 40])("finds the codes of double precision with %i atoms", async (l) => {
    for (const positive of [false, true]) {
      const p = problem(6, 12, l, 10 + l);
      const exact = lassoHost(p, { alpha: 0.4, positive, l2: 0.1 });
      const found = await encode(p, { alpha: 0.4, positive, l2: 0.1, tolerance: 1e-11 });
      await expectClose(found.codes, exact.codes, { absolute: 2e-6 });
      expect(perRow(await found.codes.data(), l)).toEqual(perRow(exact.codes, l));
    }
  });

  test("two calls at once do not disturb each other, nor does a larger one a smaller one after it", async () => {
    const [small, large] = [problem(5, 12, 20, 1), problem(5, 30, 90, 2)];
    const options = { alpha: 0.3, tolerance: 1e-11 };
    const [first, second, third] = await Promise.all([small, large, small].map((p) => encode(p, options)));
    const exactly = { absolute: 0, relative: 0 };
    await expectClose(first!.codes, lassoHost(small, options).codes, { absolute: 2e-6 });
    await expectClose(second!.codes, (await encode(large, options)).codes, exactly);
    await expectClose(third!.codes, first!.codes, exactly);
  });

  test("the module in the sources is the one that its program makes", async () => {
    const program = (name: string) => import(new URL(`../simd/${name}.mjs`, import.meta.url).href);
    const [{ moduleOf }, { rowFunctions }] = await Promise.all([program("assembler"), program("rows")]);
    expect(moduleOf(rowFunctions)).toBe(ROW_MODULE);
  });

  test("a page without WebAssembly has scalar loops", async () => {
    const p = problem(6, 12, 24, 3);
    const { gram, target } = gramHost(p, 1);
    vi.stubGlobal("WebAssembly", undefined);
    vi.resetModules();
    const fresh = await import("../src/lasso/coordinate-descent.js");
    const common = {
      alpha: new Float64Array(24).fill(0.4),
      positive: false,
      tolerance: 1e-12,
      maxSweeps: 10_000,
    };
    const solver = fresh.rowSolver({ ...common, gram: Float32Array.from(gram) });
    vi.unstubAllGlobals();
    const exact = lassoHost(p, { alpha: 0.4 });
    for (let n = 0; n < 6; n++) {
      const z = new Float64Array(24);
      const scale = p.y.slice(n * 12, (n + 1) * 12).reduce((sum, v) => sum + v * v, 0);
      solver.solve(target.subarray(n * 24, (n + 1) * 24), scale, z);
      await expectClose(z, exact.codes.slice(n * 24, (n + 1) * 24), { absolute: 2e-6 });
    }
    // Only scalar loops screen.
    expect(solver.isOut).toContain(1);
  });
});

describe("sparseEncode", () => {
  test("an orthonormal dictionary gives the soft threshold and the largest products", async () => {
    const y = tf.tensor2d([[3, -0.5, -2, 1.5]]);
    const lasso = await sparseEncode(y, tf.eye(4), { alpha: 1, algorithm: "cd" });
    await expectClose(lasso.codes, [2, 0, -1, 0.5]);
    const swept = await sparseEncode(y, tf.eye(4), { alpha: 1, algorithm: "cd", maxIterations: 1 });
    await expectClose(swept.codes, [2, 0, -1, 0.5]);
    expect(swept.converged).toBe(true);
    const pursuit = await sparseEncode(y, tf.eye(4), { algorithm: "omp", nonzero: 2 });
    await expectClose(pursuit.codes, [3, 0, -2, 0]);
    expect(pursuit.gap[0]).toBeCloseTo(2.5, 5);
    const threshold = await sparseEncode(y, tf.eye(4), { algorithm: "threshold", alpha: 1, positive: true });
    await expectClose(threshold.codes, [2, 0, 0, 0.5]);
  });

  test("matching pursuit agrees with scikit-learn", async () => {
    const { y, dictionary } = tensors();
    const { codes } = await sparseEncode(y, dictionary, { algorithm: "omp", nonzero: 4 });
    await expectClose(codes, scikit.omp, { absolute: 2e-5 });
  });

  test("coding a batch is coding its rows", async () => {
    const { y, dictionary } = tensors();
    const all = await sparseEncode(y, dictionary, { alpha: 0.5, algorithm: "cd" });
    const one = await sparseEncode(tf.slice(y, [3, 0], [1, 16]), dictionary, { alpha: 0.5, algorithm: "cd" });
    await expectClose(one.codes, tf.slice(all.codes, [3, 0], [1, 24]), { absolute: 1e-6 });
  });

  test("duplicate atoms leave the objective as it is", () => {
    const doubled = new Float64Array(16 * 48);
    for (let k = 0; k < 16; k++)
      for (let j = 0; j < 48; j++) doubled[k * 48 + j] = instance.dictionary[k * 24 + (j % 24)]!;
    const { codes } = lassoHost({ ...instance, dictionary: doubled, codeDim: 48 }, { alpha: 0.5 });
    const folded = new Float64Array(240);
    for (const [i, v] of codes.entries()) folded[Math.floor(i / 48) * 24 + (i % 24)]! += v;
    expect(primal(folded, 0.5)).toBeCloseTo(45.6402101965, 7);
  });

  test("a mask equals leaving the columns out, a ridge equals appended rows", async () => {
    const { y, dictionary } = tensors();
    const mask = tf.tidy(
      () => tf.tile(tf.tensor2d([[...Array(12).fill(1), ...Array(4).fill(0)]]), [10, 1]) as tf.Tensor2D,
    );
    const options = { alpha: 0.5, algorithm: "cd", tolerance: 1e-9 } as const;
    const masked = await sparseEncode(y, dictionary, { ...options, mask });
    const cut = await sparseEncode(
      tf.slice(y, [0, 0], [10, 12]),
      tf.slice(dictionary, [0, 0], [12, 24]),
      options,
    );
    await expectClose(masked.codes, cut.codes, { absolute: 1e-4 });
    const ridge = await sparseEncode(y, dictionary, { ...options, l2: 0.3 });
    const longer = tf.concat([dictionary, tf.mul(tf.eye(24), Math.sqrt(0.3)) as tf.Tensor2D]) as tf.Tensor2D;
    const padded = tf.concat([y, tf.zeros([10, 24])], 1) as tf.Tensor2D;
    const appended = await sparseEncode(padded, longer, options);
    await expectClose(ridge.codes, appended.codes, { absolute: 1e-4 });
    for (const gap of await dualityGap(y, dictionary, ridge.codes, 0.5, { l2: 0.3 }))
      expect(gap).toBeLessThan(1e-5);
  });

  test("the path ends where a direct solution is, and compressed rows hold the codes", async () => {
    const { y, dictionary } = tensors();
    let last: Float32Array | undefined;
    for await (const coded of lassoPath(y, dictionary, { alphas: [2, 1, 0.5] })) {
      last = (await coded.codes.data()) as Float32Array;
      const { data, indptr } = coded.toCSR();
      expect(data.length).toBe(indptr[10]);
      expect(data.length).toBe(Array.from(last).filter((v) => v !== 0).length);
      coded.dispose();
    }
    expect(primal(Float64Array.from(last!), 0.5)).toBeLessThan(45.6402101965 + 0.02);
  });

  test("one weight for each atom bars an atom", async () => {
    const { y, dictionary } = tensors();
    const alpha = tf.tensor1d([1e6, ...Array(23).fill(0.5)]);
    const { codes } = await sparseEncode(y, dictionary, { alpha });
    const first = await tf.slice(codes, [0, 0], [10, 1]).data();
    expect(Array.from(first).every((v) => v === 0)).toBe(true);
  });

  test("on the device rows that are done leave, and every row reaches its gap", async () => {
    // Rows of very different difficulty: most end at the first checks.
    const scales = tf.tensor2d(
      Float32Array.from({ length: 40 }, (_, i) => (i % 10 === 0 ? 1 : 1e-3)),
      [40, 1],
    );
    const { y, dictionary } = tensors();
    const many = tf.mul(tf.tile(y, [4, 1]), scales) as tf.Tensor2D;
    const options = { algorithm: "fista", alpha: 0.05, tolerance: 1e-6, maxIterations: 3000 } as const;
    const all = await sparseEncode(many, dictionary, options);
    expect(all.converged).toBe(true);
    expect(Math.min(...all.iterations)).toBeLessThan(Math.max(...all.iterations) / 3);
    const gaps = await dualityGap(many, dictionary, all.codes, 0.05);
    const squares = await tf.sum(tf.square(many), 1).data();
    for (const [n, gap] of gaps.entries()) expect(gap).toBeLessThanOrEqual(2e-6 * squares[n]!);
    const single = await sparseEncode(tf.slice(many, [20, 0], [1, 16]), dictionary, options);
    await expectClose(tf.slice(all.codes, [20, 0], [1, 24]), single.codes, { absolute: 1e-5 });
  });

  test("not converging is a flag, or an error that names the gap", async () => {
    const { y, dictionary } = tensors();
    for (const algorithm of ["cd", "fista"] as const) {
      const options = { algorithm, alpha: 0.01, tolerance: 1e-9, maxIterations: 2 };
      expect((await sparseEncode(y, dictionary, options)).converged).toBe(false);
      const error = await sparseEncode(y, dictionary, { ...options, requireConvergence: true }).catch(
        (e) => e,
      );
      expect(LabError.is(error) && error.code).toBe("LAB_NUMERIC");
      expect(error.message).toMatch(/row \d+ has a relative gap of .+ after \d+ iterations/);
      expect(error.residual).toBeGreaterThan(1e-9);
    }
  });

  test("refuses what does not fit, naming it", async () => {
    const { y, dictionary } = tensors();
    const refused = async (call: Promise<unknown>, text: string, code: string) => {
      const error = await call.then(
        () => undefined,
        (e: unknown) => e,
      );
      expect(LabError.is(error) && error.code).toBe(code);
      expect(String(error)).toContain(text);
    };
    await refused(
      sparseEncode(y, tf.zeros([20, 3])),
      "dictionary has 20 rows and y has 16 columns",
      "LAB_SHAPE",
    );
    await refused(
      sparseEncode(y, dictionary, { algorithm: "omp", positive: true }),
      'algorithm is "omp"',
      "LAB_ARGUMENT",
    );
    await refused(sparseEncode(y, tf.zeros([16, 2])), "dictionary column 0 has norm 0", "LAB_ARGUMENT");
    await refused(sparseEncode(tf.fill([1, 16], Number.NaN), dictionary), "NaN at row 0", "LAB_ARGUMENT");
    await refused(sparseEncode(y, tf.fill([16, 2], Number.NaN)), "column 0 holds NaN", "LAB_ARGUMENT");
    await refused(
      sparseEncode(y, tf.mul(dictionary, 3), { algorithm: "omp" }),
      'dictionary column 0 has norm 3.000; atoms of norm 1 were expected with algorithm "omp"',
      "LAB_ARGUMENT",
    );
    await refused(sparseEncode(y, dictionary, { alpha: -0.1 }), "alpha is -0.1", "LAB_ARGUMENT");
  });

  test("leaves no tensors and its arguments alive", async () => {
    const { y, dictionary } = tensors();
    const before = tf.memory().numTensors;
    for (const algorithm of ["cd", "fista", "omp", "threshold"] as const) {
      (await sparseEncode(y, dictionary, { algorithm, alpha: 0.5 })).dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
  });
});
